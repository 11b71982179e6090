"""The pure core: decides, never does. No thread, clock, I/O, randomness or logging in here."""
