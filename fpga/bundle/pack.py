# SPDX-License-Identifier: BSD-3-Clause
"""Files to one archive: the same bytes for the same files."""

import io
import tarfile
from collections.abc import Mapping

from host import archive, manifest

_SINCE = 946684800  # 2000-01-01
_SPAN = 20 * 365 * 24 * 3600


def pack(name: str, files: Mapping[str, bytes]) -> bytes:
    """The whole archive of `files` (contents by path) and their manifest, in the folder `name`, with its seal."""
    listing = manifest.text(files)
    # One time for all, drawn from the contents: with a constant one, Python would take what it compiled of an earlier
    # bundle in the same folder for that of this one.
    time = _SINCE + int(manifest.digest(listing), 16) % _SPAN
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, data in sorted({**files, manifest.NAME: listing}.items()):
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mtime, entry.mode = len(data), time, 0o644
            tar.addfile(entry, io.BytesIO(data))
    body = archive.gzip_member(content.getvalue())
    return body + archive.seal(body)
