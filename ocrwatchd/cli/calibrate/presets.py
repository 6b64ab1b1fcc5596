"""Named settings of the gate, to choose among."""

from __future__ import annotations

from typing import Final

from ocrwatchd.core.config.profile import Gate

PRESETS: Final = {
    "careful": Gate(max_rewrite=0.34, digits="protect", sure_confidence=0.95),
    "usual": Gate(),
    "bold": Gate(max_rewrite=0.7, sure_confidence=1.0),
}
"""From the one that lets least in. None makes a number into another one (``digits = "free"``): nobody would see it."""

YOURS: Final = "yours"
"""What the settings' own gate is called beside them."""


def beside(gate: Gate) -> dict[str, Gate]:
    """The settings' own gate first, then the presets that differ from it."""
    return {YOURS: gate} | {name: preset for name, preset in PRESETS.items() if preset != gate}


def in_toml(gate: Gate) -> str:
    """The section of a configuration file that sets this gate."""
    values = gate.model_dump(mode="json")
    lines = (f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in values.items())
    return "\n".join(("[gate]", *lines))
