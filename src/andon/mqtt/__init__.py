"""MQTT: messages in with acknowledgement in our hands, messages out until acknowledged.

packets.py    bytes <-> packets, pure          probe.py      check a broker without a client
link.py       the connection (paho, only here)
subscriber.py messages in, acknowledged after commit
publisher.py  messages out, kept until acknowledged
"""

from andon.mqtt.probe import Address, BrokerFacts, broker_facts, check, parse
from andon.mqtt.publisher import Publisher
from andon.mqtt.subscriber import Counters, Delivery, Subscriber

__all__ = [
    "Address",
    "BrokerFacts",
    "Counters",
    "Delivery",
    "Publisher",
    "Subscriber",
    "broker_facts",
    "check",
    "parse",
]
