"""What a finished video says of itself: that nobody danced it, who is shown, to which song, made by what.

It stands in the tags that players show and `ffprobe` prints (title, comment, description); the comment is a JSON
object, for programs. Whoever wants to can remove tags: they help the honest.
"""

import json
from collections.abc import Sequence

from danceit_core import STAGE_VERSIONS, __version__


def describe_video(persons: Sequence[str], song: str) -> dict[str, str]:
    """Tags for `VideoWriter`: IDs of the persons shown and of the song."""
    names = " and ".join(persons)
    about = {"synthetic": True, "software": f"DanceIt {__version__}", "persons": list(persons), "song": song,
             "stage_versions": STAGE_VERSIONS}  # fmt: skip
    return {
        "title": f"{names}: {song} (synthetic video)",
        "description": f"Synthetic video made with DanceIt {__version__}: {names} did not dance this.",
        "comment": json.dumps(about, sort_keys=True),
    }
