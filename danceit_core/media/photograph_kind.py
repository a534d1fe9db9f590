"""Whether a file is a photograph, told by its first bytes: quick enough for each look at the tables.

What moves, such as an animated PNG or WebP, is a video.
"""

import io
from pathlib import Path

HEIC = "HEIC"
# By their first bytes; what begins alike and is none of them is looked at once more below.
STARTS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
# Brands of the ISO container: single pictures. Others (msf1, hevc, avis) are sequences of them.
BRANDS = {b"heic": HEIC, b"heix": HEIC, b"heim": HEIC, b"heis": HEIC, b"mif1": HEIC, b"avif": "AVIF"}
# Pictures one after the other in a raw stream begin like a single one.
STREAMS = {".mjpeg", ".mjpg"}
# Where the first chunk of a WebP file in its extended form has its flags, and the flag of an animation.
WEBP_FLAGS_AT, WEBP_ANIMATION = 20, 2


def kind_of_photograph(path: str | Path) -> str:
    """JPEG, PNG, WebP, TIFF, HEIC or AVIF for a file that holds one picture of that kind; "" for any other or none."""
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
    """Whether a file is a single picture; False for one that is not there."""
    return bool(kind_of_photograph(path))


def _png_moves(file: io.BufferedReader) -> bool:
    """Whether a PNG file has more than one picture: then that is said before its first one."""
    file.seek(8)
    while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
        if head[4:] == b"acTL":
            return int.from_bytes(file.read(4), "big") > 1
        file.seek(int.from_bytes(head[:4], "big") + 4, io.SEEK_CUR)
    return False
