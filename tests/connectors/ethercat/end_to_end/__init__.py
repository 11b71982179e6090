"""From a plug-in through iceoryx2, its gateway's process, SOEM and a wire to simulated SubDevices."""
