# SPDX-License-Identifier: BSD-3-Clause
"""Ports that cannot be had: each says why, and what to do."""

import errno
import os
import sys
from pathlib import Path

import pytest
import serial
import serial.tools.list_ports

from host.errors import BusyError, DeviceError
from host.serial.port import Port
from tests.host.serial.device import Device


def test_no_such_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial.tools.list_ports, "comports", lambda: [])
    with pytest.raises(DeviceError, match=r"ttyUSB9: there is no such port\. .* is the board plugged in"):
        Port(str(tmp_path / "ttyUSB9"), 115200)
    there = type("Info", (), {"device": "/dev/ttyUSB0", "description": "FT231X USB UART"})
    monkeypatch.setattr(serial.tools.list_ports, "comports", lambda: [there])
    with pytest.raises(DeviceError, match=r"There are /dev/ttyUSB0 \(FT231X USB UART\)"):
        Port(str(tmp_path / "ttyUSB9"), 115200)


def test_a_port_in_use(device: Device) -> None:
    first = Port(device.name, 115200)
    with pytest.raises(BusyError, match=rf"{device.name} is in use by another program: .*fuser"):
        Port(device.name, 115200)
    first.close()
    Port(device.name, 115200).close()


def test_a_port_that_one_may_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, who may open everything: the system's answer is made up."""

    def refuse(*arguments: object, **options: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", "/dev/ttyUSB0")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DeviceError, match=r"you may not open it.*dialout.*usermod"):
        Port("/dev/ttyUSB0", 115200)


@pytest.mark.parametrize("name", ["/dev/null", "."])
def test_what_is_no_serial_port(name: str) -> None:
    with pytest.raises(DeviceError, match="expected a serial port that can do 115,200 baud"):
        Port(name, 115200)


def test_reading_and_writing_end_in_time(device: Device) -> None:
    device.unplug()
    master, slave = os.openpty()
    port = Port(os.ttyname(slave), 115200)
    assert port.simulated
    assert port.read(0.05) == b""
    taken = port.write(bytes(1 << 20), 0.1)  # nobody reads
    assert 0 < taken < 1 << 20
    port.close()
    port.close()
    with pytest.raises(DeviceError, match="was closed"):
        port.read(0)
    os.close(master)
    os.close(slave)


def test_without_pyserial(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "serial" or name.startswith("serial.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(DeviceError, match="pyserial, which is not installed here: pip install pyserial"):
        Port("/dev/ttyUSB0", 115200)
