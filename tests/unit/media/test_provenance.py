"""A finished video says in its tags that it is synthetic, and from what."""

import json

import av
import numpy as np

from danceit_core import STAGE_VERSIONS, __version__
from danceit_core.media.provenance import describe_video
from danceit_core.media.video import VideoWriter


def test_the_file_itself_says_what_it_is(tmp_path):
    path, tags = tmp_path / "dance.mp4", describe_video(["anna", "ben"], "tango")
    with VideoWriter(path, fps=24, size=(32, 32), crf=30, metadata=tags) as writer:
        writer.write(np.zeros((32, 32, 3), np.uint8))
    with av.open(str(path)) as container:
        read = dict(container.metadata)
    assert read["title"] == "anna and ben: tango (synthetic video)"
    assert read["description"] == f"Synthetic video made with DanceIt {__version__}: anna and ben did not dance this."
    about = json.loads(read["comment"])
    assert about["synthetic"] is True
    assert about["persons"] == ["anna", "ben"]
    assert (about["song"], about["software"]) == ("tango", f"DanceIt {__version__}")
    assert about["stage_versions"] == STAGE_VERSIONS
