"""What taktora costs, measured beside hand-written loops and beside its peers: ``python -m benchmarks``."""
