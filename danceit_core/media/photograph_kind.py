"""Recognise photographs by their first bytes, which is fast enough for every check of the tables.

Animated files, such as an animated PNG or WebP, are videos.
"""

import io
from pathlib import Path

HEIC = "HEIC"
# First bytes of each kind; other files that begin alike are checked further below.
STARTS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
# Brands of the ISO container: single pictures. Others (msf1, hevc, avis) are sequences of them.
BRANDS = {b"heic": HEIC, b"heix": HEIC, b"heim": HEIC, b"heis": HEIC, b"mif1": HEIC, b"avif": "AVIF"}
# Suffixes of raw streams of pictures, which begin like a single picture.
STREAMS = {".mjpeg", ".mjpg"}
# Position of the flags in the first chunk of an extended WebP file, and the flag for an animation.
WEBP_FLAGS_AT, WEBP_ANIMATION = 20, 2


def kind_of_photograph(path: str | Path) -> str:
    """JPEG, PNG, WebP, TIFF, HEIC or AVIF for a file with one picture of that kind; "" for any other or no file."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(32)
            if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
                flags = head[WEBP_FLAGS_AT : WEBP_FLAGS_AT + 1] or b"\0"
                moves = head[12:16] == b"VP8X" and flags[0] & WEBP_ANIMATION
                return "" if moves else "WebP"
            if head[4:8] == b"ftyp":
                return BRANDS.get(head[8:12], "")
            kind = next((kind for start, kind in STARTS.items() if head.startswith(start)), "")
            if kind == "PNG" and _png_moves(file):
                return ""
            return "" if kind == "JPEG" and Path(path).suffix.lower() in STREAMS else kind
    except OSError:
        return ""


def is_photograph(path: str | Path) -> bool:
    """Whether a file is a single picture; False for a missing file."""
    return bool(kind_of_photograph(path))


def _png_moves(file: io.BufferedReader) -> bool:
    """Whether a PNG file has more than one picture, which a chunk before the first picture says."""
    file.seek(8)
    while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
        if head[4:] == b"acTL":
            return int.from_bytes(file.read(4), "big") > 1
        file.seek(int.from_bytes(head[:4], "big") + 4, io.SEEK_CUR)
    return False
