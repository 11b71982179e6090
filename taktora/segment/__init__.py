"""A software EtherCAT segment: SubDevices that answer on a network interface, without hardware."""
