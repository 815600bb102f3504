# SPDX-License-Identifier: BSD-3-Clause
"""The driver's exceptions. Each message says what was found, what was expected, and what to do."""


class HostError(Exception):
    """Anything the user can mend. The command line prints its text without a traceback and exits with 2."""


class ShapeError(HostError, ValueError):
    """Images of another shape than the accelerator takes."""


class DtypeError(HostError, TypeError):
    """Images that are not uint8, or not an array."""


class RangeError(HostError, ValueError):
    """A pixel that the input's bits cannot hold, or an argument out of its range."""


class EmptyError(HostError, ValueError):
    """Zero images."""


class NetworkError(HostError, ValueError):
    """A network that contradicts itself, or that the CPU engine cannot run. The text names the step or node."""


class ModelFileError(HostError):
    """A model file that is not readable: of another kind or format, truncated or altered."""


class CompilerError(HostError):
    """The CPU engine's kernels could not be compiled, or do not run on this machine."""


class MissingFileError(HostError):
    """A file that must lie beside the bitstream does not."""


class MetadataError(HostError):
    """The metadata file is not readable, of another format, incomplete or contradicts itself."""


class BundleError(HostError):
    """A bundle, unpacked or not, that is not as it was made. The text names the files."""


class MismatchError(HostError):
    """Bitstream, hardware hand-off, metadata or the design on the board do not belong together."""


class DeviceError(HostError):
    """The board could not be reached, or refused."""


class HostMemoryError(HostError):
    """The computer that drives the board has not enough memory for the images."""


class BoardMemoryError(DeviceError):
    """The board has not enough memory for the DMA buffers."""


class BusyError(HostError):
    """The accelerator does not become idle, not even by a reset."""


class StallError(HostError):
    """A job stopped before its end. `stage` is "input DMA", "accelerator" or "output DMA"; `counters` by name."""

    def __init__(self, message: str, stage: str, counters: dict[str, int]):
        super().__init__(message)
        self.stage = stage
        self.counters = counters


class BusError(HostError):
    """The memory answered a transfer of the accelerator with an error. `status` is the error register."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


class FleetError(HostError):
    """Every board of a fleet is lost. `images` is how many had their results, `lost` each board's reason by address."""

    def __init__(self, message: str, images: int, lost: dict[str, str]):
        super().__init__(message)
        self.images = images
        self.lost = lost


class SelfTestError(HostError):
    """The accelerator's results differ from the golden ones."""


class LinkError(DeviceError):
    """A request over a serial line was not answered, though repeated as often as allowed.

    `image` is its place in the call, None if it carried none.
    """

    def __init__(self, message: str, image: int | None):
        super().__init__(message)
        self.image = image
