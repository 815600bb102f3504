# SPDX-License-Identifier: BSD-3-Clause
"""Power from hwmon files: rails by name, what counts of them, and plain words where there is nothing."""

import pytest

from host.sensors import measure

FILES = {
    "/sys/class/hwmon/hwmon0/name": "iio_hwmon\n",
    "/sys/class/hwmon/hwmon0/temp1_input": "41000\n",
    "/sys/class/hwmon/hwmon1/name": "ina226\n",
    "/sys/class/hwmon/hwmon1/power1_input": "14000000\n",
    "/sys/class/hwmon/hwmon2/name": "irps5401\n",
    "/sys/class/hwmon/hwmon2/power1_input": "1500000\n",
    "/sys/class/hwmon/hwmon2/power1_label": "pin1\n",
    "/sys/class/hwmon/hwmon2/power2_input": "1250000\n",
    "/sys/class/hwmon/hwmon2/power2_label": "pout1\n",
    "/sys/class/hwmon/hwmon3/name": "irps5401\n",
    "/sys/class/hwmon/hwmon3/power2_input": "500000\n",
    "/sys/class/hwmon/hwmon3/power2_label": "pout1\n",
}
RAILS = {"ina226 power1": 14, "irps5401 pin1": 1.5, "irps5401 pout1": 1.25, "irps5401 pout1 (2)": 0.5}


def test_the_sensor_of_the_whole_supply_counts_alone() -> None:
    power = measure(FILES.get, "ZCU104")
    assert power.rails == pytest.approx(RAILS)
    assert power.watts == pytest.approx(14)
    assert str(power).splitlines()[0] == "14.00 W (the board's supply: ina226 power1, which feeds all others)"
    assert "  irps5401 pout1 (2): 0.50 W" in str(power)


def test_elsewhere_outputs_are_summed_and_what_goes_into_a_converter_is_not() -> None:
    power = measure(FILES.get, "another")
    assert power.rails == pytest.approx(RAILS)
    assert power.watts == pytest.approx(14 + 1.25 + 0.5)
    assert power.note == "the sum of 3 outputs that have a sensor, not all that the board draws"


def test_a_board_without_sensors() -> None:
    power = measure({"/sys/class/hwmon/hwmon0/name": "iio_hwmon\n"}.get, "Pynq-Z2")
    assert power.watts is None and power.rails == {}
    assert str(power) == "Pynq-Z2 has no power sensor that Linux knows of: measure at its supply"


def test_what_goes_into_converters_alone_is_no_figure_of_the_board() -> None:
    folder = "/sys/class/hwmon/hwmon0"
    files = {f"{folder}/name": "irps5401\n", f"{folder}/power1_input": "1500000\n", f"{folder}/power1_label": "pin1\n"}
    power = measure(files.get, "another")
    assert power.watts is None and power.rails == pytest.approx({"irps5401 pin1": 1.5})
    assert "sensors only where chips are fed" in str(power)
