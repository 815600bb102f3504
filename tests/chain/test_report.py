# SPDX-License-Identifier: BSD-3-Clause
"""The report from made-up inputs: its numbers, its form, its page, and what it says when something is missing."""

import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from PIL import Image

from chain import record
from chain.errors import InputError
from chain.report import collect, page, summary
from chain.report.commands import main
from tests.chain import made_up


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """build/toy with every input."""
    return made_up.write_all(tmp_path)


def report_of(folder: Path) -> collect.Report:
    return collect.collect(folder, folder.name, f"MODEL={folder.name}")


def test_the_figures_are_those_of_the_inputs(folder: Path) -> None:
    report = report_of(folder)
    assert report["accuracy"]["torch_32bit"] == {"value": 0.9806, "images": 360}
    assert report["accuracy"]["board"] == {"value": 349 / 360, "images": 360}
    assert report["mismatches"]["rtl"] == {"count": 0, "images": 360}
    assert "torch" not in report["mismatches"]
    assert report["cycles"] == {"fill": 2310, "interval": 1156.0, "bound": 1152}
    assert report["fps"] == pytest.approx(100e6 / 1156)
    assert report["latency_us"] == pytest.approx(23.1)
    assert report["weight_bits"] == [8, 1, 1, 1, 1]
    assert report["overflow_rate"][2] == 0.0312
    assert report["seconds"]["train"] == 1
    assert report["versions"]["torch"].startswith("2.13.0")


def test_a_stage_that_did_not_run_is_left_out(folder: Path) -> None:
    (folder / "stages" / "netlist.json").unlink()
    report = report_of(folder)
    assert "netlist" not in report["accuracy"] and "netlist" not in report["mismatches"]
    assert "synthesised netlist" not in page.render(report)


@pytest.mark.parametrize(("path", "step"), collect.REQUIRED.items())
def test_a_missing_input_names_its_step(folder: Path, path: str, step: str) -> None:
    (folder / path).unlink()
    with pytest.raises(InputError, match=rf"{path} is missing: `make {step} MODEL=toy`"):
        report_of(folder)


@pytest.mark.parametrize("path", collect.REQUIRED)
def test_an_unreadable_input_is_named(folder: Path, path: str) -> None:
    (folder / path).write_text('{"stage": ', encoding="utf-8")
    with pytest.raises(InputError, match=path.split("/")[0]):
        report_of(folder)


def test_a_missing_key_is_named(folder: Path) -> None:
    made_up.corrupt(folder / "rtl" / "manifest.json", clock_mhz=None)
    with pytest.raises(InputError, match=r"manifest.json has no 'clock_mhz': repeat `make rtl`"):
        report_of(folder)


def test_resources_of_another_form_are_refused(folder: Path) -> None:
    made_up.corrupt(folder / "resources.json", lut="many")
    with pytest.raises(InputError, match=r"resources.lut: 'many' is not of type 'integer'"):
        report_of(folder)


@pytest.mark.parametrize(
    ("step", "target", "before"), [("sim", "sim", "rtl"), ("board", "evaluate", "shell")], ids=["sim", "board"]
)
def test_results_older_than_what_they_stand_on_are_noted(folder: Path, step: str, target: str, before: str) -> None:
    (folder / "seconds" / "shell.json").write_text('{"seconds": 1}', encoding="utf-8")
    (folder / "seconds" / "board.json").write_text('{"seconds": 1}', encoding="utf-8")
    assert report_of(folder)["notes"] == []
    os.utime(folder / "seconds" / f"{step}.json", (1, 1))
    expected = f"the results of `make {target}` are older than those of `make {before}`: repeat it"
    assert report_of(folder)["notes"] == [expected]


def test_a_network_that_came_with_the_toolkit_is_said_to(folder: Path) -> None:
    own = report_of(folder)
    assert own["notes"] == [] and "came with the toolkit" not in page.render(own)
    made_up.corrupt(folder / "training.json", shipped={"from": "models/toy", "sha256": "0123456789ab" + 52 * "c"})
    report = report_of(folder)
    (note,) = report["notes"]
    assert "models/toy, SHA-256 0123456789ab)" in note and "`FRESH=1` trains it here" in note
    shown = unescape(page.render(report))
    assert note in shown and "This one came with the toolkit." in shown and "with seed" not in shown


def test_a_network_that_was_handed_over_is_said_to(folder: Path) -> None:
    made_up.corrupt(folder / "training.json", handed_over=True)
    report = report_of(folder)
    assert report["notes"] == ["the network was trained elsewhere and handed over (export.hand_over)"]
    assert report["repeat"].startswith("make hardware MODEL=toy")
    shown = page.render(report)
    assert "The network was trained elsewhere" in shown and "A finished training" not in shown
    (folder / "resources.json").unlink()
    with pytest.raises(InputError, match="All steps in order: `make hardware MODEL=toy"):
        report_of(folder)


def test_the_command_writes_what_it_prints(folder: Path) -> None:
    result = CliRunner().invoke(main, ["toy", "--build", str(folder.parent)], env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    for text in ("96.94 %", "13.33 %", "86,505", "8,010", "estimated by yosys 0.70", "simulated: 100 MHz"):
        assert text in result.output
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    schema = json.loads(collect.SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(report, schema)
    assert report["repeat"] == f"make deploy MODEL=toy BUILD={folder.parent}"


def test_the_command_to_repeat_has_what_the_steps_were_given(folder: Path) -> None:
    record.write(folder, "train", 1.0, MODEL="toy", DATA="/my data")
    record.write(folder, "rtl", 1.0, FPS=50_000.0)
    result = CliRunner().invoke(main, ["toy", "--build", str(folder.parent)], env={"COLUMNS": "40"})
    command = f"make deploy MODEL=toy DATA='/my data' FPS=50000 BUILD={folder.parent}"
    assert f"to repeat: {command}\n" in result.output
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["repeat"] == command
    assert command in unescape((folder / "report.html").read_text(encoding="utf-8"))


def test_the_report_says_what_just_cutting_costs(folder: Path) -> None:
    text = "with wide accumulators, the network reached 98.06 %; with those weights and its accumulators just cut"
    assert f"Before it was trained for overflow, {text} to 8 bits, 13.33 %." in page.render(report_of(folder))
    training = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    del training["accuracy"]["torch_cut"]
    made_up.corrupt(folder / "training.json", accuracy=training["accuracy"])
    assert "just cut" not in page.render(report_of(folder))


def test_a_manifest_without_streams_is_refused(folder: Path) -> None:
    made_up.corrupt(folder / "rtl" / "manifest.json", edges=None)
    with pytest.raises(InputError, match=r"manifest.json has no 'edges': repeat `make rtl`"):
        report_of(folder)


def test_the_command_takes_the_path_of_a_recipe(folder: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('name = "toy"\n', encoding="utf-8")
    result = CliRunner().invoke(main, [str(recipe), "--build", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert (folder / "report.html").exists()


def test_the_command_without_inputs_ends_with_2_and_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chain.report", "toy", "--build", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: the report lacks inputs\n") and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


class Links(HTMLParser):
    """Collect what a page would load, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_loads_nothing_and_says_what_is_estimated(folder: Path) -> None:
    html = page.render(report_of(folder))
    links = Links()
    links.feed(html)
    assert links.loads == ["data:,"]
    assert "script" not in links.tags and "@import" not in html and "http://" not in html and "https://" not in html
    assert "prefers-color-scheme: dark" in html
    assert "an estimate before place and route" in links.text
    assert "Cycles are counted in simulation" in links.text
    assert html.count('class="after"') == len(made_up.LAYERS)
    assert links.text.count("bottleneck") == 1


def test_levels_of_logic_are_shown_where_they_were_counted(folder: Path) -> None:
    text = page.render(report_of(folder))
    assert ">levels of logic<" in text and "MHz allows about 8 of them" in text
    made_up.corrupt(folder / "resources.json", levels=None)
    assert "levels of logic" not in page.render(report_of(folder))


def test_kinds_of_nodes_are_shown_where_they_were_counted(folder: Path) -> None:
    units, windows = summary.kind_rows(report_of(folder))
    assert (units.title, windows.title, windows.used) == ("units", "sliding windows", (801, 290, 0))
    assert windows.shares == pytest.approx((0.1, 290 / 5790, 0.0))
    assert units.shares == pytest.approx((0.9, 5500 / 5790, 1.0))
    html = page.render(report_of(folder))
    row = html[html.index('<th scope="row">sliding windows<') :].split("</tr>")[0]
    assert re.findall(r'"number">([^<]*)<', row) == ["801", "10 %", "290", "5 %", "0", "0 %"]
    assert "width:10.00%" in row
    made_up.corrupt(folder / "resources.json", by_kind=None)
    assert "By kind of node" not in page.render(report_of(folder))


def test_text_from_inputs_is_escaped(folder: Path) -> None:
    made_up.corrupt(folder / "training.json", dataset="<script>alert(1)</script>")
    html = page.render(report_of(folder))
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_a_disagreement_is_on_top_of_the_page(tmp_path: Path) -> None:
    html = page.render(report_of(made_up.write_all(tmp_path, disagreeing="rtl")))
    assert "Stages disagree on 2 images" in html
    assert "SystemVerilog in Verilator differs first at layer &#39;conv2&#39;, image 17, index [3, 0, 1]" in html


def test_a_part_of_unknown_size_gets_no_shares(folder: Path) -> None:
    made_up.corrupt(folder / "resources.json", available=None)
    html = page.render(report_of(folder))
    assert "15.06 %" not in html and "8,010" in html


@pytest.mark.parametrize(("scheme", "width", "margin"), [("light", 1200, 50), ("dark", 1200, 50), ("light", 400, 14)])
def test_the_page_in_chromium(folder: Path, scheme: str, width: int, margin: int) -> None:
    """A screenshot has the scheme's ground and accents, and nothing sticks out to the right, on a phone neither."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium here (Debian: apt-get install chromium)")
    html = page.save(report_of(folder), folder)
    picture = folder / f"{scheme}.png"
    options = ["--headless", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses to sandbox root
    preferred = "0" if scheme == "dark" else "1"
    done = subprocess.run(
        [
            chromium,
            *options,
            f"--user-data-dir={folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={preferred}",
            f"--window-size={width},6000",
            f"--screenshot={picture}",
            html.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert picture.exists(), done.stderr
    with Image.open(picture) as image:
        pixels = image.convert("RGB")
        ground = pixels.getpixel((3, 3))
        colours = {colour for _, colour in pixels.getcolors(maxcolors=1 << 20) or []}
    assert ground == ((0x14, 0x16, 0x1A) if scheme == "dark" else (0xFC, 0xFC, 0xFB))
    accents = {(0x58, 0xC4, 0xC4), (0xF0, 0xA0, 0x67)} if scheme == "dark" else {(0x0B, 0x6E, 0x75), (0xB4, 0x54, 0x1A)}
    assert accents <= colours
    with Image.open(picture) as image:
        right = image.convert("RGB").crop((width - margin, 0, width, 6000))
        assert right.getcolors() == [(margin * 6000, ground)]
