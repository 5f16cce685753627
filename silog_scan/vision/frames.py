"""Picture files as grey pixels, one frame of a source, and its small copy for people."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from silog_scan.core.errors import Malformed, NotFound, Refused, say
from silog_scan.vision.corners import box

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from silog_scan.vision.corners import Corners

Grey: TypeAlias = "NDArray[np.uint8]"
"""Height by width, 0 is black."""

Pixels: TypeAlias = "NDArray[np.uint8]"
"""Grey, or height by width by (blue, green, red), as cameras give it."""

MAX_PIXELS = 24_000_000
"""Pixels, of a good phone: a picture of 48 kB may unfold to 864 MB."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")  # few, as every decoder is a way in
UPLOADED = ("JPEG", "PNG", "WEBP")
"""What strangers may send; phones make no other."""

MOST_PASSES = 100
"""Scans of a progressive JPEG; cameras make some ten, and each goes over all its pixels again."""

_AROUND = 0.25  # of a label, shown around it in its piece of a picture

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"})


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a source: its number from 1, its time in seconds, and its grey pixels.

    ``shown`` is the picture as it came, for people; ``name`` is the file it is in, if it has one;
    ``is_still`` says that no better frame follows, so that it is worth more work.
    """

    sequence: int
    at: float
    grey: Grey
    shown: Pixels | bytes | Path
    name: str = ""
    is_still: bool = False


def load(source: bytes | Path, *, formats: tuple[str, ...] = FORMATS) -> Grey:
    """Return a picture file as grey pixels, upright; refuses what is no picture or too large."""
    import numpy as np

    with _opened(source, formats) as picture, _damage_refused():
        return np.asarray(_grey(picture), dtype=np.uint8)


def is_picture(path: Path) -> bool:
    """Return whether the file begins as a picture does, whatever its name."""
    try:
        with _opened(path):
            return True
    except Refused:
        return False


def preview(shown: Pixels | bytes | Path, *, width: int, quality: int) -> bytes:
    """Return a JPEG for people, upright, at most ``width`` pixels wide and high."""
    from PIL import Image

    out = io.BytesIO()
    if isinstance(shown, bytes | Path):
        with _opened(shown) as picture, _damage_refused():
            picture.thumbnail((width, width))
            _upright(picture).convert("RGB").save(out, "JPEG", quality=quality)
    else:
        is_grey = shown.ndim == 2  # noqa: PLR2004
        small = Image.fromarray(shown if is_grey else shown[:, :, ::-1])
        small.thumbnail((width, width))
        small.save(out, "JPEG", quality=quality)
    return out.getvalue()


def piece(grey: Grey, corners: Corners) -> bytes:
    """Return a label and a little around it as PNG, and nothing else of what the camera saw."""
    from PIL import Image

    left, top, right, bottom = box(corners)
    margin = int(_AROUND * max(right - left, bottom - top))
    cut = grey[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
    out = io.BytesIO()
    Image.fromarray(cut).save(out, "PNG")
    return out.getvalue()


@contextmanager
def _opened(source: bytes | Path, formats: tuple[str, ...] = FORMATS) -> Iterator[Image]:
    """Open a picture and look at its header only: the pixels are not unfolded yet."""
    from PIL import Image, UnidentifiedImageError

    warnings.filterwarnings("ignore", module=r"PIL\.")  # large, odd EXIF: we refuse or do not care
    if isinstance(source, bytes):
        _must_not_be_a_bomb(source)
    try:
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        picture = Image.open(file, formats=formats)
    except Image.DecompressionBombError:
        raise _too_large() from None
    except UnidentifiedImageError:
        raise _not_a_picture() from None
    except OSError as problem:
        raise _unreadable(problem) from None
    except Exception:  # noqa: BLE001  # decoders raise what they like on damaged files
        raise _not_a_picture() from None
    with picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise _too_large()
        yield picture


def _must_not_be_a_bomb(data: bytes) -> None:
    """Refuse what costs memory or minutes before, or in spite of, the look at its size.

    Pillow opens a WebP with room for its whole canvas already, and decodes every pass of a JPEG.
    """
    width, height = _webp_size(data)
    if width * height > MAX_PIXELS:
        raise _too_large()
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > MOST_PASSES:
        raise _too_slow()


def _webp_size(data: bytes) -> tuple[int, int]:
    """Return width and height of a WebP's canvas (RFC 9649), (0, 0) of anything else."""
    head = data[:30]
    if len(head) < 30 or head[:4] != b"RIFF" or head[8:12] != b"WEBP":  # noqa: PLR2004
        return 0, 0
    match head[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(
                head[27:], "little"
            )
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            sides = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
            return next(sides), next(sides)
        case _:
            return 0, 0


@contextmanager
def _damage_refused() -> Iterator[None]:
    """Refuse what begins as a picture and then is none."""
    try:
        yield
    except Exception:  # noqa: BLE001  # decoders raise what they like on damaged files
        raise _damaged() from None


def _grey(picture: Image) -> Image:
    """Return the upright picture in 8 bits of grey, on white where it is transparent."""
    from PIL import Image

    if picture.format == "JPEG":
        picture.draft("L", picture.size)  # leaves the colours undecoded: half the time
    picture = _upright(picture)
    if picture.mode.startswith("I;16"):
        return picture.point(lambda value: value / 256).convert("L")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("L", picture.size, "white")
        paper.paste(picture.convert("L"), mask=picture.getchannel("A"))
        return paper
    return picture.convert("L")


def _upright(picture: Image) -> Image:
    """Turn the picture as its camera was held (EXIF orientation)."""
    from PIL import ImageOps

    ImageOps.exif_transpose(picture, in_place=True)
    return picture


def _too_large() -> Malformed:
    return Malformed(
        "picture-too-large",
        say(
            "The picture has more than %(most)s megapixels. Send a smaller one.",
            most=MAX_PIXELS // 1_000_000,
        ),
    )


def _too_slow() -> Malformed:
    return Malformed(
        "picture-too-slow",
        say("The picture is stored in more passes than any camera makes. Save it anew."),
    )


def _not_a_picture() -> Malformed:
    return Malformed(
        "not-a-picture",
        say("This is not a picture that can be read. Send a JPEG, PNG or WebP file."),
    )


def _damaged() -> Malformed:
    return Malformed(
        "picture-damaged",
        say("The picture is cut short or damaged. Send it again, or take it anew."),
    )


def _unreadable(problem: OSError) -> Refused:
    """Tell the file system's refusal from the decoder's, which has no error number."""
    if isinstance(problem, FileNotFoundError):
        return NotFound("no-such-picture", say("There is no such file. Check its name."))
    if problem.errno is None:
        return _damaged()
    return Malformed(
        "picture-unreadable",
        say(
            "The file cannot be opened: %(reason)s. Check its name and rights.",
            reason=problem.strerror,
        ),
    )
