"""Provenance tags of a finished video: that it is synthetic, who is shown, to which song, and made by which software.

They are written to the tags that players show and `ffprobe` prints (title, comment, description); the comment is a
JSON object, for programs. The tags can be removed: they are informative, not tamper-proof.
"""

import json
from collections.abc import Sequence

from danceit_core import STAGE_VERSIONS, __version__


def describe_video(persons: Sequence[str], song: str) -> dict[str, str]:
    """Tags for `VideoWriter`, from the IDs of the persons shown and of the song."""
    names = " and ".join(persons)
    about = {"synthetic": True, "software": f"DanceIt {__version__}", "persons": list(persons), "song": song,
             "stage_versions": STAGE_VERSIONS}  # fmt: skip
    return {
        "title": f"{names}: {song} (synthetic video)",
        "description": f"Synthetic video made with DanceIt {__version__}: {names} did not dance this.",
        "comment": json.dumps(about, sort_keys=True),
    }
