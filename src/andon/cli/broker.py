"""`andon broker`: run andon's own MQTT broker in the foreground."""

from __future__ import annotations

from andon.cli.options import ConfigOption, StateDirOption, settings_of


def broker(config: ConfigOption = None, state_dir: StateDirOption = None) -> None:
    """Run Mosquitto, or iotcore where the machine has none, until SIGTERM."""
    from andon.broker import serve

    settings = settings_of(config, state_dir)
    settings.ensure_state_dir()
    serve(settings)
