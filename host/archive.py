# SPDX-License-Identifier: BSD-3-Clause
"""A bundle's archive, <model>.tar.gz: checked to the last byte, without unpacking it.

Its last part is the seal: an empty gzip member whose comment is the SHA-256 of all bytes before. gzip and tar read past
it; a flipped bit that neither of them would notice does not get past the seal.
"""

import io
import re
import stat
import struct
import tarfile
import zlib
from pathlib import Path

from host import manifest
from host.errors import BundleError, MissingFileError

MOST_BYTES = 1 << 28
"""Of an archive, and of what it unpacks to."""

_COMMENT = 0x10  # gzip's flag for a comment in the header
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)/([A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*)")


def gzip_member(content: bytes, comment: bytes = b"") -> bytes:
    """`content` as one gzip member without a time: equal contents are equal bytes (for one version of zlib)."""
    header = b"\x1f\x8b\x08" + bytes([_COMMENT if comment else 0]) + bytes(4) + b"\x02\xff"
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(content) + packer.flush()
    header += comment + b"\0" if comment else b""
    return header + packed + struct.pack("<II", zlib.crc32(content), len(content))


def seal(body: bytes) -> bytes:
    """What ends an archive that begins with `body`."""
    return gzip_member(b"", f"SHA-256 of what precedes: {manifest.digest(body)}".encode())


def check(path: Path) -> dict[str, str]:
    """Check an archive and every file in it; SHA-256 (hex) by path in the bundle.

    Raises MissingFileError, or BundleError that names what is truncated, altered, a link, outside of the bundle's own
    folder, or not listed.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise MissingFileError(f"{path} does not exist") from None
    if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
        raise BundleError(f"{path}: expected an archive of at most {MOST_BYTES} bytes")
    content = path.read_bytes()
    body = content[: -len(seal(b""))]
    if content != body + seal(body):
        raise BundleError(f"{path} is truncated or altered, or no bundle: its seal does not fit; copy it again")
    try:
        files = _files(body, path)
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
        raise BundleError(f"{path} is no archive of a bundle: {error}") from None
    if manifest.NAME not in files:
        raise BundleError(f"{path} holds no {manifest.NAME}: not a bundle")
    listed = manifest.parse(files.pop(manifest.NAME), path / manifest.NAME)
    wrong = [f"{name} is missing" for name in listed if name not in files]
    wrong += [f"{name} is not listed" for name in files if name not in listed]
    wrong += [f"{n} was changed" for n, c in files.items() if n in listed and listed[n] != manifest.digest(c)]
    manifest.refuse(path, wrong)
    return listed


def _files(body: bytes, path: Path) -> dict[str, bytes]:
    """Contents by path below the archive's one folder."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    content = unpacker.decompress(body, MOST_BYTES)
    if not unpacker.eof or unpacker.unused_data:
        raise BundleError(f"{path} does not end where its content does, or is larger than {MOST_BYTES} bytes")
    files: dict[str, bytes] = {}
    folders = set()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for member in archive:
            match = _NAME.fullmatch(member.name)
            if not member.isreg() or member.issparse():
                raise BundleError(f"{path}: {member.name!r} is a link, a folder or a device, expected files alone")
            if not match:
                raise BundleError(f"{path}: {member.name!r} would lie outside of the bundle's folder")
            reader = archive.extractfile(member)
            if match[2] in files or reader is None:
                raise BundleError(f"{path}: {member.name!r} is there twice")
            folders.add(match[1])
            files[match[2]] = reader.read()
    if len(folders) != 1:
        raise BundleError(f"{path} has the folders {sorted(folders)}, expected one: bundles mixed up")
    return files
