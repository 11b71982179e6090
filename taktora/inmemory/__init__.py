"""What stands in for iceoryx2 in a simulation."""


class Fabric:
    choose = None


class InMemoryNode:
    def __init__(self, name, *, domain=None, fabric):
        self.name, self.domain, self.opened = name, domain, {}

    def close(self):
        pass
