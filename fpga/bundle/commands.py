# SPDX-License-Identifier: BSD-3-Clause
"""`python -m fpga.bundle MODEL`: one archive with all that goes to the board."""

from pathlib import Path

import click

from chain.cli import errors_as_text
from chain.errors import InputError, ToolError
from chain.files import atomic
from fpga.bundle import contents, inputs, pack
from fpga.bundle.bitstream import way
from host import archive, manifest
from host.errors import BundleError, CompilerError


@click.command()
@click.argument("model")
@click.option("--build", default="build", show_default=True, type=click.Path(path_type=Path), help="build folder")
@click.option("--board", default=None, help="whose bitstream goes along (default: that of the only board with one)")
@errors_as_text
def main(model: str, build: Path, board: str | None) -> None:
    """Write build/MODEL/bundle/MODEL.tar.gz for MODEL (a recipe's name or path)."""
    given = inputs.read(build, model, board)
    compiler = contents.cross_compiler()
    try:
        files = contents.collect(given, compiler)
    except CompilerError as error:
        raise ToolError(str(error)) from None
    name = given.model.name
    packed = pack.pack(name, files)
    path = given.model.folder / "bundle" / f"{name}.tar.gz"
    with atomic(path) as temporary:
        temporary.write_bytes(packed)
        _require_whole(temporary)
    click.echo(f"{path}: {len(files)} files and their manifest, {len(packed):,} bytes")
    click.echo(f"SHA-256 {manifest.digest(packed)}")
    if given.bitstream is None:
        click.echo(f"no bitstream in it: none was built ({way(given.model, given.design)})")
    else:
        click.echo(f"bitstream for {given.bitstream.board}, by {given.bitstream.tool}; not tried on a board")
    if f"{name}.npz" not in files:
        click.echo("no network for the board's processor in it: the CPU engine cannot run this one")
    elif compiler is None:
        click.echo(
            f"no library for the board's processor in it ({contents.CROSS_COMPILER} not found): g++ there makes it"
        )


def _require_whole(path: Path) -> None:
    """Raise InputError unless the driver will take the archive: a file in host/ may have a name that it does not."""
    try:
        archive.check(path)
    except BundleError as error:
        raise InputError(
            f"the driver would refuse this bundle: {error}. What is in host/ that is not of the toolkit?"
        ) from None
