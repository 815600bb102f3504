# SPDX-License-Identifier: BSD-3-Clause
"""Writes the hardware hand-off (.hwh) that PYNQ reads beside a bitstream, for a Zynq with the shell in it.

Vivado writes such a file from a block design; there is none here, so this module states what is true of the shell's
wrappers (fpga/bitstream/tops): the processor with its clock and three ports, and the shell with its registers. Only
what pynq's parsers (3.1 and 4.0) read is in it. The text is the same for the same arguments.
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
ADDRESS_RANGE = 0x1000


@dataclass(frozen=True)
class Processor:
    """What the hand-off says of a family's processor, and of the ports that its top level uses.

    `part` matches the family's parts: device, package, speed. `io_pll_mhz` is the PLL that the fabric's clocks come
    from, as the boards boot, `clock_mhz` the least and the most that the family's fabric clock may have. `ports` are
    master, reader and writer as the block design would name them; `memory` is what pynq calls the reader's and the
    writer's view of the memory. `shell_address` is in the master's range.
    """

    family: str
    part: re.Pattern[str]
    architecture: str
    instance: str
    vlnv: str
    ddr_bytes: int
    io_pll_mhz: float
    clock_mhz: tuple[float, float]
    ports: tuple[str, str, str]
    memory: tuple[str, str]
    clock: str
    reset: str
    shell_address: int
    parameters: Mapping[str, object]

    @property
    def modtype(self) -> str:
        """The name of its IP, as in `vlnv`."""
        return self.vlnv.split(":")[2]


ZYNQ7 = Processor(
    family="Zynq-7000",
    part=re.compile(r"xc(7z\d{3}s?)([a-z]{3}\d{3})(-\w+)?"),
    architecture="zynq",
    instance="processing_system7_0",
    vlnv="xilinx.com:ip:processing_system7:5.5",
    ddr_bytes=0x20000000,  # 512 MiB on PYNQ-Z1 and Z2
    io_pll_mhz=1000.0,
    clock_mhz=(0.26, 250.0),
    ports=("M_AXI_GP0", "S_AXI_HP0", "S_AXI_HP2"),
    memory=("HP0_DDR_LOWOCM", "HP2_DDR_LOWOCM"),
    clock="FCLK_CLK0",
    reset="FCLK_RESET0_N",
    shell_address=0x43C00000,
    parameters={
        "PCW_USE_M_AXI_GP0": 1,
        "PCW_USE_S_AXI_HP0": 1,
        "PCW_USE_S_AXI_HP2": 1,
        "PCW_S_AXI_HP0_DATA_WIDTH": 64,
        "PCW_S_AXI_HP2_DATA_WIDTH": 64,
    },
)
ZYNQMP = Processor(
    family="Zynq UltraScale+",
    part=re.compile(r"xc(zu\d{1,2}[a-z]{2})-([a-z]{4}\d{3,4})(-\w+(?:-\w+)?)?"),
    architecture="zynquplus",
    instance="zynq_ultra_ps_e_0",
    vlnv="xilinx.com:ip:zynq_ultra_ps_e:3.4",
    ddr_bytes=0x80000000,  # below 4 GiB, which is what the shell reaches; all that there is on the ZCU104
    io_pll_mhz=1500.0,
    clock_mhz=(0.38, 333.0),
    ports=("M_AXI_HPM0_FPD", "S_AXI_HP0_FPD", "S_AXI_HP1_FPD"),
    memory=("HP0_DDR_LOW", "HP1_DDR_LOW"),
    clock="pl_clk0",
    reset="pl_resetn0",
    shell_address=0xA0000000,
    parameters={
        "PSU__USE__M_AXI_GP0": 1,
        "PSU__USE__S_AXI_GP2": 1,
        "PSU__USE__S_AXI_GP3": 1,
        # pynq sets the ports' widths by these, whatever the board booted with.
        "C_MAXIGP0_DATA_WIDTH": 32,
        "C_SAXIGP2_DATA_WIDTH": 64,
        "C_SAXIGP3_DATA_WIDTH": 64,
    },
)
BASE_ADDRESS = ZYNQ7.shell_address


def processor(part: str) -> Processor:
    """The processor of `part`, as Vivado writes it. UnsupportedError for a part that has none."""
    for found in (ZYNQ7, ZYNQMP):
        if found.part.fullmatch(part):
            return found
    raise UnsupportedError(
        f"part {part!r}: the hand-off for PYNQ is written for Zynq-7000 parts (such as xc7z020clg400-1) and Zynq "
        "UltraScale+ parts (such as xczu7ev-ffvc1156-2-e) only; set `part` in the recipe's [hardware]"
    )


@dataclass(frozen=True)
class Clock:
    """The fabric clock: the two dividers of the I/O PLL and the frequency that they give, MHz."""

    divisor0: int
    divisor1: int
    mhz: float


def clock(wanted_mhz: float, of: Processor = ZYNQ7) -> Clock:
    """The fastest clock of the processor that is not faster than `wanted_mhz` (InputError outside of its range)."""
    possible = (
        Clock(first, second, of.io_pll_mhz / (first * second))
        for first in range(1, 64)
        for second in range(1, first + 1)
    )
    slow_enough = [found for found in possible if found.mhz <= wanted_mhz * (1 + 1e-9)]
    # Of equals the one whose dividers are most alike, as Vivado chooses: the first one's output is then slow.
    found = max(slow_enough, key=lambda found: (found.mhz, found.divisor1), default=None)
    if found is None or found.mhz > of.clock_mhz[1]:
        least, most = of.clock_mhz
        raise InputError(f"clock of {wanted_mhz} MHz: a {of.family}'s fabric clock can have {least:g} to {most:g} MHz")
    return found


def text(model: str, part: str, clock_mhz: float) -> str:
    """The file. Raises UnsupportedError for a `part` that is no Zynq, InputError for an impossible clock."""
    of = processor(part)
    device, package, speed = of.part.fullmatch(part).groups()  # type: ignore[union-attr]
    root = Element("EDKSYSTEM", EDWVERSION="1.2", TIMESTAMP="Sat Jan  1 00:00:00 2000", VIVADOVERSION="none")
    attributes = {
        "ARCH": of.architecture,
        "DEVICE": device,
        "NAME": model,
        "PACKAGE": package,
        "SPEEDGRADE": speed or "-1",
    }
    SubElement(root, "SYSTEMINFO", attributes)
    SubElement(root, "EXTERNALPORTS")
    SubElement(root, "EXTERNALINTERFACES")
    modules = SubElement(root, "MODULES")
    _processor(modules, of, clock(clock_mhz, of))
    _shell(modules, of)
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


def _processor(modules: Element, of: Processor, fabric: Clock) -> None:
    module = _module(modules, of.instance, of.vlnv, of.modtype, False)
    SubElement(module, "DOCUMENTS")
    _parameters(module, {**of.parameters, **(_clocks_ps7 if of is ZYNQ7 else _clocks_ps8)(of, fabric)})
    ports = SubElement(module, "PORTS")
    _port(ports, of.clock, "O", "clk", "fclk0", (IP, "ap_clk"), CLKFREQUENCY=str(round(fabric.mhz * 1e6)))
    _port(ports, of.reset, "O", "rst", "reset0_n", (IP, "ap_rst_n"))
    buses = SubElement(module, "BUSINTERFACES")
    master, reader, writer = of.ports
    _bus(buses, master, "MASTER", f"{IP}_s_axi", 32)
    _bus(buses, reader, "SLAVE", f"{IP}_m_axi_in", 64)
    _bus(buses, writer, "SLAVE", f"{IP}_m_axi_out", 64)
    memory = SubElement(module, "MEMORYMAP")
    _range(memory, IP, "s_axi", master, "reg0", of.shell_address, ADDRESS_RANGE, "REGISTER")


def _clocks_ps7(of: Processor, fabric: Clock) -> dict[str, object]:
    """Parameters of memory and clocks, under the names of the Zynq-7000's IP."""
    values: dict[str, object] = {
        "PCW_DDR_RAM_BASEADDR": "0x00000000",
        "PCW_DDR_RAM_HIGHADDR": f"0x{of.ddr_bytes - 1:08X}",
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
    return values


def _clocks_ps8(of: Processor, fabric: Clock) -> dict[str, object]:
    """The same for the Zynq UltraScale+."""
    values: dict[str, object] = {
        "PSU_DDR_RAM_LOWADDR": "0x00000000",
        "PSU_DDR_RAM_HIGHADDR": f"0x{of.ddr_bytes - 1:08X}",
    }
    for index in range(4):
        used = index == 0
        register = f"PSU__CRL_APB__PL{index}_REF_CTRL"
        values[f"PSU__FPGA_PL{index}_ENABLE"] = int(used)
        values[f"{register}__SRCSEL"] = "IOPLL"
        values[f"{register}__DIVISOR0"] = fabric.divisor0 if used else 1
        values[f"{register}__DIVISOR1"] = fabric.divisor1 if used else 1
        values[f"{register}__ACT_FREQMHZ"] = f"{fabric.mhz if used else of.io_pll_mhz:.6f}"
    return values


def _shell(modules: Element, of: Processor) -> None:
    module = _module(modules, IP, IP_VLNV, IP, True)
    SubElement(module, "DOCUMENTS")
    blocks = SubElement(module, "ADDRESSBLOCKS")
    block = SubElement(
        blocks, "ADDRESSBLOCK", ACCESS="", INTERFACE="s_axi", NAME="reg0", RANGE=str(ADDRESS_RANGE), USAGE="register"
    )
    _register_map(SubElement(block, "REGISTERS"))
    _parameters(module, {"C_S_AXI_BASEADDR": f"0x{of.shell_address:08X}", "REGISTER_MAP_VERSION": registers.VERSION})
    ports = SubElement(module, "PORTS")
    _port(ports, "ap_clk", "I", "clk", "fclk0", (of.instance, of.clock))
    _port(ports, "ap_rst_n", "I", "rst", "reset0_n", (of.instance, of.reset))
    buses = SubElement(module, "BUSINTERFACES")
    _bus(buses, "s_axi", "SLAVE", f"{IP}_s_axi", 32)
    _bus(buses, "m_axi_in", "MASTER", f"{IP}_m_axi_in", 64)
    _bus(buses, "m_axi_out", "MASTER", f"{IP}_m_axi_out", 64)
    memory = SubElement(module, "MEMORYMAP")
    for port, view, name in zip(of.ports[1:], of.memory, ("m_axi_in", "m_axi_out"), strict=True):
        _range(memory, of.instance, port, name, view, 0, of.ddr_bytes, "MEMORY")


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
