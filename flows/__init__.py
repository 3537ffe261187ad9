"""The protocol of authwalk: records, facts, steps and the wire. Knows no terminal."""

__version__ = "0.1.0"
