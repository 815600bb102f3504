# SPDX-License-Identifier: BSD-3-Clause
"""Power from hwmon files: rails by name, their sum, and plain words where there is nothing."""

import pytest

from host.sensors import measure


def test_rails_of_several_chips() -> None:
    files = {
        "/sys/class/hwmon/hwmon0/name": "iio_hwmon\n",
        "/sys/class/hwmon/hwmon0/temp1_input": "41000\n",
        "/sys/class/hwmon/hwmon1/name": "ina226\n",
        "/sys/class/hwmon/hwmon1/power1_input": "2500000\n",
        "/sys/class/hwmon/hwmon2/name": "irps5401\n",
        "/sys/class/hwmon/hwmon2/power2_input": "1250000\n",
        "/sys/class/hwmon/hwmon2/power2_label": "pout1\n",
    }
    power = measure(files.get, "ZCU104")
    assert power.rails == {"ina226 power1": pytest.approx(2.5), "irps5401 pout1": pytest.approx(1.25)}
    assert power.watts == pytest.approx(3.75)
    assert str(power).splitlines()[0].startswith("3.75 W") and "  irps5401 pout1: 1.25 W" in str(power)


def test_a_board_without_sensors() -> None:
    power = measure({"/sys/class/hwmon/hwmon0/name": "iio_hwmon\n"}.get, "Pynq-Z2")
    assert power.watts is None and power.rails == {}
    assert str(power) == "Pynq-Z2 has no power sensor that Linux knows of: measure at its supply"
