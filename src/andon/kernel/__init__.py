"""Every decision, pure: frames in, frames out; no clock, network, settings or chance."""

from andon.kernel.advance import Step, advance
from andon.kernel.carry import Carry
from andon.kernel.tail import Tail

__all__ = ["Carry", "Step", "Tail", "advance"]
