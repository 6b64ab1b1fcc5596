"""Correct recognised text: a language model proposes, the gate decides."""
