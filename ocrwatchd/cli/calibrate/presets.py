"""Named settings of the gate, to choose among."""

from __future__ import annotations

from typing import Final

from ocrwatchd.core.config.profile import Gate

PRESETS: Final = {
    "careful": Gate(max_rewrite=0.34, digits="protect", sure_confidence=0.95),
    "usual": Gate(),
    "bold": Gate(max_rewrite=0.7, sure_confidence=1.0),
}
"""The strictest first. None admits changes of numbers (``digits = "free"``), which nobody would notice."""

YOURS: Final = "yours"
"""Name of the configured gate."""


def beside(gate: Gate) -> dict[str, Gate]:
    """The configured gate first, then the presets that differ from it."""
    return {YOURS: gate} | {name: preset for name, preset in PRESETS.items() if preset != gate}


def in_toml(gate: Gate) -> str:
    """Write a gate as a section of a configuration file."""
    values = gate.model_dump(mode="json")
    lines = (f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in values.items())
    return "\n".join(("[gate]", *lines))
