"""What users subclass, compose and hold: items, actors, their refs and futures."""
