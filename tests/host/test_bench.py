# SPDX-License-Identifier: BSD-3-Clause
"""What `bench` makes of an overlay whose times and cycles are known: figures, memory, energy, and what it refuses."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from host import bench
from host.errors import DeviceError, RangeError, SelfTestError
from host.measurement import Spread
from host.sensors import Power
from tests.host.measured import FILL, INTERVAL, NO_SENSOR, Overlay


def measure(overlay: Overlay, batches: list[int] | None = None, **options):
    return bench.measure(overlay, batches, **{"energy_seconds": 1e-6, **options})


def test_medians_and_quartiles_of_the_repetitions_alone() -> None:
    overlay = Overlay()
    found = measure(overlay, [1, 20], repetitions=5, warm_up=2)
    assert overlay.calls == [1] * 7 + [20] * 7 + [20]  # the last is for the energy
    one, many = found.batches
    assert one.fill_cycles == Spread(FILL + 5, FILL + 4, FILL + 6)  # calls 3 to 7
    assert many.fill_cycles == Spread(FILL + 12, FILL + 11, FILL + 13)  # calls 10 to 14
    assert (one.interval_cycles, many.interval_cycles) == (None, Spread(INTERVAL, INTERVAL, INTERVAL))
    assert many.cycles == Spread(*(FILL + call + 19 * INTERVAL + 9 for call in (12, 11, 13)))
    host = many.host_seconds
    assert host is not None and host.pack == Spread(*(pytest.approx(1e-3 * call) for call in (12, 11, 13)))
    assert host.transfer.median == pytest.approx(0.12) and host.unpack.iqr == 0
    assert 0 < host.call.q1 <= host.call.median <= host.call.q3
    assert found.fps(one) is None and found.fps(many) == 100e6 / INTERVAL
    assert found.batch_fps(many) == pytest.approx(20 * 100e6 / (FILL + 12 + 19 * INTERVAL + 9))
    assert found.latency_us(one) == (FILL + 5) / 100
    assert found.call_fps(many) == 20 / host.call.median


def test_the_ladder_of_a_board() -> None:
    overlay = Overlay()
    found = measure(overlay)
    assert [batch.images for batch in found.batches] == list(bench.BATCHES)
    assert (bench.BATCHES[0], bench.BATCHES[-1]) == (1, 10_000)
    assert overlay.calls[:-1] == [n for n in bench.BATCHES for _ in range(bench.WARM_UP + bench.REPETITIONS)]
    assert (found.simulated, found.images, found.board.name) == (False, "golden", "Pynq-Z2")


def test_on_the_simulated_board_there_are_cycles_only() -> None:
    overlay = Overlay(simulated=True)
    found = measure(overlay)
    assert [batch.images for batch in found.batches] == list(bench.SIMULATED_BATCHES)
    assert all(batch.host_seconds is None for batch in found.batches)
    assert found.simulated and found.energy is None
    assert len(overlay.calls) == len(bench.SIMULATED_BATCHES) * (bench.SIMULATED_WARM_UP + bench.SIMULATED_REPETITIONS)


def test_batches_are_sorted_and_measured_once() -> None:
    assert [batch.images for batch in measure(Overlay(), [20, 3, 20]).batches] == [3, 20]


def test_progress_is_told() -> None:
    said: list[str] = []
    measure(Overlay(), [1, 1000], repetitions=2, warm_up=1, say=said.append)
    assert said[:2] == ["batch of 1 (1 of 2), 1 + 2 times", "batch of 1,000 (2 of 2), 1 + 2 times"]
    assert said[2].startswith("energy: batches of 1,000")


@pytest.mark.parametrize("call", [1, 4, 7])
def test_there_is_no_speed_of_wrong_results(call: int) -> None:
    overlay = Overlay()
    overlay.wrong_at = call  # warming up, measured, for the energy
    with pytest.raises(SelfTestError, match=r"in a batch of 4, image 3 gives .*, expected .*no speed to tell"):
        measure(overlay, [4], repetitions=3, warm_up=3)


def test_without_golden_images_they_are_random_and_every_call_must_give_the_same() -> None:
    overlay = Overlay(golden=False)
    assert measure(overlay, [4]).images == "random"
    overlay = Overlay(golden=False)
    overlay.wrong_at = 3
    with pytest.raises(SelfTestError):
        measure(overlay, [4])


def test_a_batch_that_does_not_fit_the_boards_memory_is_reported() -> None:
    overlay = Overlay(memory=4 * 100)
    found = measure(overlay, [10, 100, 101], repetitions=2)
    assert [batch.skipped is None for batch in found.batches] == [True, True, False]
    assert found.batches[2].skipped == "the board has no memory for a buffer of 404 bytes"
    assert found.batches[2].cycles is None and found.energy and found.energy.batch == 100


def test_a_batch_that_does_not_fit_the_hosts_memory_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  500000 kB\nMemAvailable:      2048 kB\n")  # a half of it: 1 MiB
    monkeypatch.setattr(bench, "_MEMORY", meminfo)
    fits = (1 << 20) // (6 + 36)
    overlay = Overlay()
    found = measure(overlay, [fits, 2 * fits], repetitions=1, warm_up=0)
    assert [batch.skipped for batch in found.batches] == [None, "needs 1 MiB of the host's memory, 1 MiB may be taken"]
    assert max(overlay.calls) == fits
    meminfo.unlink()  # elsewhere than on Linux
    assert measure(Overlay(), [2 * fits], repetitions=1, warm_up=0).batches[0].skipped is None
    monkeypatch.setattr(bench, "_MOST_BYTES", 1 << 20)
    found = measure(Overlay(), [2 * fits], repetitions=1, warm_up=0)
    assert found.batches[0].skipped is not None and found.energy is None


def test_a_board_that_fails_is_no_lack_of_memory() -> None:
    overlay = Overlay()

    def fail() -> None:
        raise DeviceError("gone")

    overlay.during = fail
    with pytest.raises(DeviceError, match="gone"):
        measure(overlay, [1])


def test_energy_by_rails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_IDLE_SECONDS", 0.02)
    monkeypatch.setattr(bench, "_SAMPLE_SECONDS", 0.005)
    overlay = Overlay()
    note = "the board's supply: ina226 power1, which feeds all others"

    def readings() -> Iterator[Power]:
        while True:  # 6 W at rest, 10 W from the call on that is the first after all measured ones
            watts = 6.0 if len(overlay.calls) <= 2 else 10.0
            yield Power(watts, note, {"ina226 power1": watts, "irps5401 pout1": watts / 4})

    overlay.readings = readings()
    overlay.during = lambda: time.sleep(0.001)
    energy = measure(overlay, [50], repetitions=2, warm_up=0, energy_seconds=0.5).energy
    assert energy is not None and energy.meter is None and energy.rails is not None
    rails = energy.rails
    # A reading or two may come before the first call has ended.
    assert rails.idle_watts == 6 and rails.watts == pytest.approx(10, abs=1) and rails.samples > 8
    assert rails.of == note and rails.by_rail["irps5401 pout1"] == pytest.approx(rails.watts / 4)
    assert energy.batch == 50 and energy.images == 50 * (len(overlay.calls) - 2) and energy.seconds >= 0.5
    assert rails.joules_per_image == pytest.approx(rails.watts * energy.seconds / energy.images)


def test_energy_by_the_users_meter_and_none_without() -> None:
    energy = measure(Overlay(), [2], watts=2.5).energy
    assert energy is not None and energy.meter is not None and energy.rails is None
    assert energy.meter.watts == 2.5
    assert energy.meter.joules_per_image == pytest.approx(2.5 * energy.seconds / energy.images)
    energy = measure(Overlay(), [2]).energy
    assert energy is not None and energy.meter is None and energy.rails is None and energy.note == NO_SENSOR.note


def test_a_sensor_that_fails_is_told() -> None:
    overlay = Overlay()

    def readings():
        yield Power(1.0, "", {"rail": 1.0})
        raise DeviceError("the sensor is gone")

    overlay.readings = readings()
    with pytest.raises(DeviceError, match="the sensor is gone"):
        measure(overlay, [2], repetitions=1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"batches": [0, 5]}, "a batch of 0 images"),
        ({"repetitions": 0}, "0 repetitions after 3"),
        ({"warm_up": -1}, "20 repetitions after -1"),
        ({"watts": 0.0}, "a reading of 0.0 W, expected more than 0"),
        ({"watts": float("nan")}, "a reading of nan W"),
        ({"energy_seconds": 0.0}, "0.0 seconds for the energy"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict, says: str) -> None:
    overlay = Overlay()
    with pytest.raises(RangeError, match=says):
        measure(overlay, **options)
    assert overlay.calls == []


def test_a_simulated_board_has_no_meter() -> None:
    with pytest.raises(RangeError, match="there is nothing that a meter could measure"):
        measure(Overlay(simulated=True), watts=2.0)


def test_images_of_a_batch_are_the_golden_ones_in_turn() -> None:
    overlay = Overlay()
    images, expected = bench._Images(overlay).batch(17)
    golden, outputs = overlay.golden_vectors()
    np.testing.assert_array_equal(images, np.concatenate([golden, golden, golden])[:17])
    np.testing.assert_array_equal(expected, np.concatenate([outputs, outputs, outputs])[:17])
