"""What every transport shares: payloads, limits, names, outcomes, samples and loans.

Nothing here knows iceoryx2: :mod:`taktora.ipc` carries it through shared memory, and
:mod:`taktora.inmemory` through the memory of one process, for simulations.
"""
