"""What ingest knows of a source."""

from danceit_core.media.source import SourceReport


def report(**changes):
    known = {
        "path": "dances/waltz.mov", "sha256": "0" * 64, "bytes": 1000, "width": 640, "height": 480, "fps": 30.0,
        "duration_s": 0.5, "codec": "h264", "has_sound": True, "interlaced": False, "frames": 12,
        "letterbox": (0.3, 0.0, 24.0), "cuts": (5,), "refused": "",
    }  # fmt: skip
    return SourceReport(**(known | changes))
