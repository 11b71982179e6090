"""Watching a run without taking part in it."""
