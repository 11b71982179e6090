"""EtherCAT: process data as channels, over a master that is a driver (extra ``ethercat``: pysoem)."""
