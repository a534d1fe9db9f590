"""Read a photograph of a target person as it is meant to be seen.

It is made upright (EXIF) and converted to sRGB (colour profiles, CMYK, 16 bits per channel); transparent parts become
white.
"""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from danceit_core.errors import MediaError
from danceit_core.media.container import MOST_PIXELS
from danceit_core.media.letterbox import Picture
from danceit_core.media.part import SMALLEST_PX
from danceit_core.media.photograph_kind import kind_of_photograph

REMEDY = "save it as a JPEG or PNG file and name that one"


def read_photograph(path: str | Path, *, rotate: int = 0) -> Picture:
    """A photograph as uint8 RGB (H, W, 3), upright. rotate: additional clockwise rotation in degrees.

    Raises MediaError for a file that cannot be read, is damaged, or has too few or too many pixels.
    """
    kind = kind_of_photograph(path)
    try:
        with warnings.catch_warnings():
            # This module reports the size itself.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                _check_size(path, image.size)
                upright = ImageOps.exif_transpose(image)
                picture = np.asarray(_in_srgb(upright), np.uint8)
    except FileNotFoundError:
        raise MediaError(f"{path}: no such file; check the path in the table") from None
    except Image.DecompressionBombError:
        raise MediaError(f"{path} has more than {MOST_PIXELS} pixels; shrink it") from None
    except UnidentifiedImageError:
        raise MediaError(f"{path}: {kind or 'such'} photographs cannot be read; {REMEDY}") from None
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, ArithmeticError) as error:
        reason = " ".join(str(error).split())
        raise MediaError(f"{path} cannot be read ({reason}); copy it again, or {REMEDY}") from error
    return np.ascontiguousarray(np.rot90(picture, -(rotate // 90) % 4))


def _check_size(path: str | Path, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise MediaError(f"{path} has {width} x {height} pixels, more than {MOST_PIXELS}; shrink it")
    if min(size) < SMALLEST_PX:
        raise MediaError(
            f"{path} has {width} x {height} pixels, but each side needs at least {SMALLEST_PX}; use a larger photograph"
        )


def _in_srgb(image: Image.Image) -> Image.Image:
    """Convert to 8-bit RGB; transparent parts become white."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        image = _in_8_bits(image)
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(seen, mask=seen.getchannel("A"))
    elif image.mode in {"P", "1"}:
        image = image.convert("RGB")
    if profile:
        try:
            theirs, ours = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            if converted := ImageCms.profileToProfile(image, theirs, ours, outputMode="RGB"):
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a damaged profile, or one for another kind of picture: use the colours unchanged
    return image.convert("RGB")


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Convert grey levels of 16 or 32 bits, or fractions 0..1, to 8 bits."""
    values = np.asarray(image).astype(np.float64)
    most = next((most for most in (1.0, 255.0, 65535.0) if values.max(initial=0) <= most), values.max(initial=1))
    if most == 1.0 and image.mode != "F":
        most = 255.0
    most = 65535.0 if image.mode.startswith("I;16") else most
    return Image.fromarray(np.clip(np.round(values * (255 / most)), 0, 255).astype(np.uint8))
