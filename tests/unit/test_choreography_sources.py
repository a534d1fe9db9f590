"""The movements of a plan in one file: what was written comes back; anything else is one line."""

import numpy as np
import pytest

from danceit_core.choreography.align import Source
from danceit_core.choreography.sources import read_sources, write_sources
from danceit_core.errors import ChoreographyError


def test_every_video_comes_back_as_it_was(tmp_path):
    rng = np.random.default_rng(0)
    shots = {"b": [0, 0, 1, 1, 2], "a": [0, 0, 0], "empty": []}
    written = {
        name: Source(rng.random((len(shot), 25, 3), np.float32), rng.random(len(shot)) > 0.5, np.array(shot, np.int32))
        for name, shot in shots.items()
    }
    write_sources(tmp_path / "sources.parquet", written)
    read = read_sources(tmp_path / "sources.parquet")
    assert list(read) == list(written)
    for name, source in written.items():
        np.testing.assert_array_equal(read[name].keypoints, source.keypoints)
        np.testing.assert_array_equal(read[name].kept, source.kept)
        np.testing.assert_array_equal(read[name].shot, source.shot)


def test_no_video_at_all(tmp_path):
    write_sources(tmp_path / "sources.parquet", {})
    assert read_sources(tmp_path / "sources.parquet") == {}


@pytest.mark.parametrize(("content", "words"), [(None, "no such file"), (b"a letter", "holds no movements")])
def test_another_file_is_one_line(tmp_path, content, words):
    path = tmp_path / "sources.parquet"
    if content:
        path.write_bytes(content)
    with pytest.raises(ChoreographyError, match=words):
        read_sources(path)
