"""Widgets of the terminal app. Each is given values and posts messages."""
