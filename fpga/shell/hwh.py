# SPDX-License-Identifier: BSD-3-Clause
"""Writes the hardware hand-off (.hwh) that PYNQ reads beside a bitstream, for a Zynq-7000 with the shell in it.

Vivado writes such a file from a block design; there is none here, so this module states what is true of the shell's
wrapper: the processor (clock FCLK0, ports GP0, HP0, HP2) and the shell with its registers. Only what pynq's parsers
(3.1 and 4.0) read is in it. The text is the same for the same arguments.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from chain.errors import InputError, UnsupportedError
from fpga.shell import registers

IP = "wrapnet"
IP_VLNV = "wrapnet:shell:wrapnet:1.0"
BASE_ADDRESS = 0x43C00000  # in the range of port GP0
ADDRESS_RANGE = 0x1000
PS = "processing_system7_0"
_PS_VLNV = "xilinx.com:ip:processing_system7:5.5"
_DDR_BYTES = 0x20000000  # 512 MiB on PYNQ-Z1 and Z2
_IO_PLL_MHZ = 1000.0  # the PLL that the fabric's clocks come from, as these boards boot
_PART = re.compile(r"xc(7z\d{3}s?)([a-z]{3}\d{3})(-\w+)?")


@dataclass(frozen=True)
class Clock:
    """Fabric clock FCLK0: the two dividers of the I/O PLL and the frequency that they give, MHz."""

    divisor0: int
    divisor1: int
    mhz: float


def clock(wanted_mhz: float) -> Clock:
    """The fastest clock of the processor that is not faster than `wanted_mhz` (InputError below 0.26 or above 250)."""
    possible = (
        Clock(first, second, _IO_PLL_MHZ / (first * second)) for first in range(1, 64) for second in range(1, first + 1)
    )
    slow_enough = [found for found in possible if found.mhz <= wanted_mhz * (1 + 1e-9)]
    # Of equals the one whose dividers are most alike, as Vivado chooses: the first one's output is then slow.
    found = max(slow_enough, key=lambda found: (found.mhz, found.divisor1), default=None)
    if found is None or found.mhz > 250:
        raise InputError(f"clock of {wanted_mhz} MHz: a Zynq-7000's fabric clock can have 0.26 to 250 MHz")
    return found


def text(model: str, part: str, clock_mhz: float) -> str:
    """The file. Raises UnsupportedError for a `part` other than a Zynq-7000, InputError for an impossible clock."""
    match = _PART.fullmatch(part)
    if not match:
        raise UnsupportedError(
            f"part {part!r}: the hand-off for PYNQ is written for Zynq-7000 parts (such as xc7z020clg400-1) only; "
            "set `part` in the recipe's [hardware]"
        )
    device, package, speed = match.groups()
    root = Element("EDKSYSTEM", EDWVERSION="1.2", TIMESTAMP="Sat Jan  1 00:00:00 2000", VIVADOVERSION="none")
    attributes = {"ARCH": "zynq", "DEVICE": device, "NAME": model, "PACKAGE": package, "SPEEDGRADE": speed or "-1"}
    SubElement(root, "SYSTEMINFO", attributes)
    SubElement(root, "EXTERNALPORTS")
    SubElement(root, "EXTERNALINTERFACES")
    modules = SubElement(root, "MODULES")
    _processor(modules, clock(clock_mhz))
    _shell(modules)
    ElementTree.indent(root, "  ")
    return '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _module(modules: Element, instance: str, vlnv: str, modtype: str, is_pl: bool) -> Element:
    return SubElement(
        modules,
        "MODULE",
        COREREVISION="1",
        FULLNAME=f"/{instance}",
        HWVERSION=vlnv.rpartition(":")[2],
        INSTANCE=instance,
        IPTYPE="PERIPHERAL" if is_pl else "PROCESSOR",
        IS_ENABLE="1",
        IS_PL="TRUE" if is_pl else "FALSE",
        MODCLASS="PERIPHERAL" if is_pl else "PROCESSOR",
        MODTYPE=modtype,
        VLNV=vlnv,
    )


def _processor(modules: Element, fabric: Clock) -> None:
    module = _module(modules, PS, _PS_VLNV, "processing_system7", False)
    SubElement(module, "DOCUMENTS")
    values: dict[str, object] = {
        "PCW_USE_M_AXI_GP0": 1,
        "PCW_USE_S_AXI_HP0": 1,
        "PCW_USE_S_AXI_HP2": 1,
        "PCW_S_AXI_HP0_DATA_WIDTH": 64,
        "PCW_S_AXI_HP2_DATA_WIDTH": 64,
        "PCW_DDR_RAM_BASEADDR": "0x00000000",
        "PCW_DDR_RAM_HIGHADDR": f"0x{_DDR_BYTES - 1:08X}",
        "PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ": f"{fabric.mhz:.6f}",
        "PCW_FPGA0_PERIPHERAL_FREQMHZ": f"{fabric.mhz:.6f}",
        # pynq 4.0 asks every processor for its clock under the name of the UltraScale+.
        "PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ": f"{fabric.mhz:.6f}",
    }
    for index in range(4):
        used = index == 0
        values[f"PCW_FPGA_FCLK{index}_ENABLE"] = int(used)
        values[f"PCW_FCLK{index}_PERIPHERAL_CLKSRC"] = "IO PLL"
        values[f"PCW_FCLK{index}_PERIPHERAL_DIVISOR0"] = fabric.divisor0 if used else 1
        values[f"PCW_FCLK{index}_PERIPHERAL_DIVISOR1"] = fabric.divisor1 if used else 1
    _parameters(module, values)
    ports = SubElement(module, "PORTS")
    _port(ports, "FCLK_CLK0", "O", "clk", "fclk0", (IP, "ap_clk"), CLKFREQUENCY=str(round(fabric.mhz * 1e6)))
    _port(ports, "FCLK_RESET0_N", "O", "rst", "reset0_n", (IP, "ap_rst_n"))
    buses = SubElement(module, "BUSINTERFACES")
    _bus(buses, "M_AXI_GP0", "MASTER", f"{IP}_s_axi", 32)
    _bus(buses, "S_AXI_HP0", "SLAVE", f"{IP}_m_axi_in", 64)
    _bus(buses, "S_AXI_HP2", "SLAVE", f"{IP}_m_axi_out", 64)
    memory = SubElement(module, "MEMORYMAP")
    _range(memory, IP, "s_axi", "M_AXI_GP0", "reg0", BASE_ADDRESS, ADDRESS_RANGE, "REGISTER")


def _shell(modules: Element) -> None:
    module = _module(modules, IP, IP_VLNV, IP, True)
    SubElement(module, "DOCUMENTS")
    blocks = SubElement(module, "ADDRESSBLOCKS")
    block = SubElement(
        blocks, "ADDRESSBLOCK", ACCESS="", INTERFACE="s_axi", NAME="reg0", RANGE=str(ADDRESS_RANGE), USAGE="register"
    )
    _register_map(SubElement(block, "REGISTERS"))
    _parameters(module, {"C_S_AXI_BASEADDR": f"0x{BASE_ADDRESS:08X}", "REGISTER_MAP_VERSION": registers.VERSION})
    ports = SubElement(module, "PORTS")
    _port(ports, "ap_clk", "I", "clk", "fclk0", (PS, "FCLK_CLK0"))
    _port(ports, "ap_rst_n", "I", "rst", "reset0_n", (PS, "FCLK_RESET0_N"))
    buses = SubElement(module, "BUSINTERFACES")
    _bus(buses, "s_axi", "SLAVE", f"{IP}_s_axi", 32)
    _bus(buses, "m_axi_in", "MASTER", f"{IP}_m_axi_in", 64)
    _bus(buses, "m_axi_out", "MASTER", f"{IP}_m_axi_out", 64)
    memory = SubElement(module, "MEMORYMAP")
    _range(memory, PS, "S_AXI_HP0", "m_axi_in", "HP0_DDR_LOWOCM", 0, _DDR_BYTES, "MEMORY")
    _range(memory, PS, "S_AXI_HP2", "m_axi_out", "HP2_DDR_LOWOCM", 0, _DDR_BYTES, "MEMORY")


def _register_map(parent: Element) -> None:
    access = {"r": "read-only", "w": "write-only", "rw": "read-write"}
    for register in registers.REGISTERS:
        element = SubElement(parent, "REGISTER", NAME=register.name)
        properties = {
            "DESCRIPTION": register.description,
            "ADDRESS_OFFSET": f"0x{register.offset:03X}",
            "SIZE": 32,
            "ACCESS": access[register.access],
            "IS_ENABLED": "true",
            "RESET_VALUE": 0,
        }
        for name, value in properties.items():
            SubElement(element, "PROPERTY", NAME=name, VALUE=str(value))
        SubElement(element, "FIELDS")


def _parameters(module: Element, values: Mapping[str, object]) -> None:
    parent = SubElement(module, "PARAMETERS")
    for name, value in sorted(values.items()):
        SubElement(parent, "PARAMETER", NAME=name, VALUE=str(value))


def _port(
    parent: Element, name: str, direction: str, kind: str, net: str, other: tuple[str, str], **extra: str
) -> None:
    port = SubElement(parent, "PORT", {"DIR": direction, "NAME": name, "SIGIS": kind, "SIGNAME": net, **extra})
    SubElement(SubElement(port, "CONNECTIONS"), "CONNECTION", INSTANCE=other[0], PORT=other[1])


def _bus(parent: Element, name: str, kind: str, net: str, width: int) -> None:
    bus = SubElement(
        parent,
        "BUSINTERFACE",
        BUSNAME=net,
        DATAWIDTH=str(width),
        NAME=name,
        TYPE=kind,
        VLNV="xilinx.com:interface:aximm:1.0",
    )
    SubElement(bus, "PORTMAPS")


def _range(
    parent: Element, instance: str, slave: str, master: str, block: str, base: int, size: int, kind: str
) -> None:
    SubElement(
        parent,
        "MEMRANGE",
        ADDRESSBLOCK=block,
        BASENAME="C_BASEADDR",
        BASEVALUE=f"0x{base:08X}",
        HIGHNAME="C_HIGHADDR",
        HIGHVALUE=f"0x{base + size - 1:08X}",
        INSTANCE=instance,
        IS_DATA="TRUE",
        IS_INSTRUCTION="TRUE" if kind == "MEMORY" else "FALSE",
        MASTERBUSINTERFACE=master,
        MEMTYPE=kind,
        SLAVEBUSINTERFACE=slave,
    )
