# SPDX-License-Identifier: BSD-3-Clause
"""The driver's command line: python -m host self-test | bench | classify | evaluate; without a board: cpu | check."""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from host import archive, manifest, png
from host.errors import HostError, MetadataError, MissingFileError, RangeError, SelfTestError
from host.images import is_one

Pixels = npt.NDArray[np.uint8]

_IMAGES = ".npy: uint8 [H, W, C] or [N, H, W, C] (C may be left out if it is 1); or a .png, grey or RGB; raw pixels"


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns 0; 1 if results differ, 2 for an error that the user can mend, 130 for Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except SelfTestError as error:
        print(f"self-test failed: {error}", file=sys.stderr)
        return 1
    except (HostError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m host", description="Run a WrapNet accelerator on a board.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "bitfile", type=Path, nargs="?", help="the .bit; its .hwh and .json lie beside it (default: this bundle's)"
    )
    about = "a board in the network, or the simulated one; classify and evaluate take several, each with its --device"
    where = common.add_mutually_exclusive_group()
    where.add_argument("--device", metavar="HOST[:PORT]", action="append", default=[], help=about)
    where.add_argument("--serial", metavar="PORT", help="a board on a serial line, such as /dev/ttyUSB0")
    common.add_argument("--retries", type=int, default=3, help="with --serial: repetitions (default: %(default)s)")
    common.add_argument(
        "--timeout", type=float, help="seconds without progress (default: 10; with --serial 1, if simulated 10)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser("self-test", parents=[common], help="run the golden images beside the bitstream")
    add.set_defaults(command=_self_test)
    add = commands.add_parser("bench", parents=[common], help="measure speed by batch size, and energy, into a file")
    add.add_argument("--batches", type=_numbers, help="images a call, such as 1,10,100 (default: 1 to 10,000)")
    add.add_argument("--repetitions", type=int, help="measured calls of each (default: 20)")
    add.add_argument("--warm-up", type=int, help="calls before (default: 3); on the simulated board all three are less")
    add.add_argument("--watts", type=float, help="your own reading of a meter at the board's supply while this ran")
    add.add_argument("--energy-seconds", type=float, default=5.0, help="of the run for it (default: %(default)s)")
    add.add_argument("--out", type=Path, help="default: measurements/<board>.json, where `make report` looks for it")
    add.set_defaults(command=_bench)
    add = commands.add_parser("classify", parents=[common], help="label images")
    add.add_argument("images", type=Path, help=_IMAGES)
    add.set_defaults(command=_classify)
    add = commands.add_parser("evaluate", parents=[common], help="compare with the reference outputs")
    add.add_argument("--images", type=Path, required=True, help="reference.npz: images, labels and outputs")
    add.add_argument("--count", type=int, help="only the first COUNT images")
    add.add_argument("--batch", type=int, default=50, help="images a call (default: %(default)s)")
    add.add_argument("--out", type=Path, help="default: stages/board.json (serial.json) beside the reference")
    add.set_defaults(command=_evaluate)
    add = commands.add_parser("check", help="compare every file of a bundle with its manifest")
    add.add_argument("bundle", type=Path, nargs="?", help="archive or folder (default: that of this driver)")
    add.set_defaults(command=_check)
    add = commands.add_parser("cpu", help="label images on this CPU; no board and no bitstream")
    add.add_argument("model", type=Path, help="the exported .onnx, or its bundle (.npz), which needs no onnx package")
    add.add_argument("images", type=Path, nargs="?", help="as for classify")
    add.add_argument("--bundle", type=Path, metavar="OUT.npz", help="write the model's bundle")
    add.add_argument("--threads", type=int, help="default: as many as there are cores")
    add.set_defaults(command=_cpu, usage=add.error)
    return parser


def _overlay(options: argparse.Namespace, several: bool = False):
    """The overlay, or if `several` boards are allowed and named, their fleet."""
    if len(options.device) > 1 and not several:
        raise RangeError(f"{len(options.device)} devices, expected one: only classify and evaluate take several")
    bitfile = options.bitfile or manifest.bitfile()
    if options.serial is not None:
        from host.serial.overlay import SerialOverlay

        return SerialOverlay(bitfile, options.serial, options.timeout, options.retries)
    timeout = 10.0 if options.timeout is None else options.timeout
    if options.bitfile is None:
        manifest.check(bitfile.parent)  # before a device is looked for
    from host.overlay import WrapNetOverlay, connect

    if len(options.device) > 1:
        from host.fleet import Fleet

        return Fleet(bitfile, options.device, timeout)
    device = connect(options.device[0]) if options.device else None
    return WrapNetOverlay(bitfile, device=device, timeout=timeout)


def _numbers(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers of images such as 1,10,100, found {text!r}") from None


def _check(options: argparse.Namespace) -> int:
    path = options.bundle or manifest.bitfile().parent
    files = manifest.check(path) if path.is_dir() else archive.check(path)
    print(f"{path}: {len(files)} files as they were made")
    return 0


def _self_test(options: argparse.Namespace) -> int:
    overlay = _overlay(options)
    print(f"{overlay.self_test()} golden images agree{_simulated(overlay)}")
    return 0


def _bench(options: argparse.Namespace) -> int:
    from host import bench, measurement, table

    overlay = _overlay(options)
    found = bench.measure(
        overlay,
        options.batches,
        options.repetitions,
        options.warm_up,
        options.watts,
        options.energy_seconds,
        lambda text: print(text, file=sys.stderr, flush=True),
    )
    print(table.text(found), end="", flush=True)  # first, so that a full disk does not take it along
    out = options.out or measurement.default_path(overlay.bitfile, found.board.name)
    measurement.save(found, out)
    print(f"written to {out}")
    return 0


def _classify(options: argparse.Namespace) -> int:
    images = _pixels(options.images)
    overlay = _overlay(options, several=True)
    labels = overlay.run(_several(images, overlay.metadata.input.shape), labels=True)
    _say_lost(overlay)
    _print(labels, overlay.metadata.classes)
    return 0


def _cpu(options: argparse.Namespace) -> int:
    from host.cpu.engine import Engine, load

    if options.bundle is None and options.images is None:
        options.usage("expected images to label, or --bundle OUT.npz to write")
    plan = load(options.model)
    if options.bundle is not None:
        from host.cpu import bundle

        bundle.save(plan, options.bundle)
        print(f"{options.bundle}: {plan.model or options.model.stem}, {len(plan.layers)} layers", file=sys.stderr)
    if options.images is not None:
        images = _pixels(options.images)
        channels, height, width = plan.input_shape
        engine = Engine(plan, len(os.sched_getaffinity(0)) if options.threads is None else options.threads)
        _print(engine.run(_several(images, (height, width, channels)), labels=True), plan.classes)
    return 0


def _pixels(path: Path) -> Pixels:
    try:
        if path.suffix.lower() == ".png":
            return png.read(path.read_bytes(), path)
        images = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist") from None
    except (OSError, EOFError, ValueError) as error:
        raise MetadataError(f"{path} is not a .npy file of pixels: {error}") from None
    if not isinstance(images, np.ndarray):
        raise MetadataError(f"{path} is an archive of several arrays, expected a .npy file of pixels")
    return images


def _several(images: Pixels, shape: tuple[int, ...]) -> Pixels:
    """A single image, [H, W, C] = `shape` or [H, W], as a batch of one; several as they are."""
    return images[None] if is_one(images.shape, shape) else images


def _print(labels: npt.NDArray[np.integer], classes: tuple[str, ...]) -> None:
    for image, label in enumerate(labels):
        print(f"{image}\t{label}\t{classes[label] if 0 <= label < len(classes) else ''}".rstrip())


def _evaluate(options: argparse.Namespace) -> int:
    from host.evaluate import evaluate, save

    overlay = _overlay(options, several=True)
    result = evaluate(overlay, options.images, options.count, options.batch, _progress)
    _say_lost(overlay)
    out = options.out or options.images.parent / "stages" / f"{overlay.stage}.json"
    save(result, out)
    print(
        f"{result.images} images: {result.correct} correct, {result.mismatches} differ from {result.against}"
        f"{_simulated(overlay)}; written to {out}"
    )
    if result.divergence:
        print(f"first difference: {result.divergence}", file=sys.stderr)
    return 1 if result.mismatches else 0


def _progress(done: int, total: int) -> None:
    overwrite = sys.stderr.isatty() and done < total
    print(f"board: {done}/{total} images", end="\r" if overwrite else "\n", file=sys.stderr, flush=True)


def _say_lost(overlay) -> None:
    for address, reason in getattr(overlay, "lost", {}).items():
        print(f"lost {address}: {reason}", file=sys.stderr)


def _simulated(overlay) -> str:
    return " (simulated board)" if overlay.simulated else ""
