"""andon: machine states, production, scrap and OEE from MQTT telemetry."""
