"""The public names: all are there, and none brings pysoem along before it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from taktora.connectors import ethercat


@pytest.mark.rule("ECAT-48")
def test_every_public_name_is_there():
    pytest.importorskip("pysoem")
    for name in ethercat.__all__:
        assert getattr(ethercat, name) is not None
        assert name in dir(ethercat)
    with pytest.raises(AttributeError, match="has no attribute 'EthercatConnecter'"):
        _ = ethercat.EthercatConnecter


@pytest.mark.rule("ECAT-48")
def test_a_bus_in_memory_needs_neither_pysoem_nor_iceoryx2():
    code = (
        "import sys; sys.modules['pysoem'] = sys.modules['iceoryx2'] = None\n"
        "from taktora.connectors.ethercat import EthercatConnector, EthercatOptions, MockBusDriver\n"
        "EthercatConnector('bus', options=EthercatOptions('eth1'), driver=MockBusDriver())\n"
        "from taktora.errors import MissingExtra\n"
        "import taktora.connectors.ethercat as ethercat\n"
        "try:\n    ethercat.SoemBusDriver\n"
        "except MissingExtra as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == "EtherCAT needs pysoem: pip install 'taktora[ethercat]'\n"
