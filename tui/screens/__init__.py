"""Screens of the terminal app, one module each. They own state; their widgets draw it."""
