"""The same job for every peer: ``size`` bytes from process A to process B, 8 bytes back.

Each module has the same shape, so that a new peer is a copy with other calls in it:

``available()``
    Why the peer can't run here, or ``None``.
``open_pair(size)``
    A context manager that starts process B and yields ``round_trip(n)``: n round trip times in ns.
``python -m benchmarks.peers.<name> --echo ...``
    Process B. It waits without polling, touches the first and the last byte, and answers.

The clock starts when A holds the payload in the buffer type that the peer's binding takes, and stops
when A has decoded the answer. Both ends wait for events; nobody polls.
"""
