"""The matcher on fragments in counts: a window of its own length in the middle of each."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
from matched_dances import FPS, counted_database, make_database

from danceit_core.config import MatcherSettings
from danceit_core.database.table import Database
from danceit_core.database.windows import centre_windows, take_windows
from danceit_core.errors import MatcherError
from danceit_core.matcher.index import fingerprint, index_database, read_index
from danceit_core.matcher.model import CHECKPOINT_VERSION, Matcher, embed, load_matcher, make_encoders, save_matcher
from danceit_core.matcher.windows import Windows, normalise_poses

SETTINGS = MatcherSettings(embedding_size=8, hidden_size=8)


def checkpoint(*, seconds=1.0, fps=FPS, width=4):
    torch.manual_seed(0)
    audio, pose = make_encoders(SETTINGS, feature_width=width)
    about = {"version": CHECKPOINT_VERSION, "settings": asdict(SETTINGS), "feature_set": "mfcc", "feature_width": width}
    about |= {"seconds": seconds, "fps": fps, "epoch": 1, "selected_on": "last", "threshold": 1.0}
    about |= {"feature_mean": torch.zeros(width), "feature_deviation": torch.ones(width)}
    return about | {"audio_encoder": audio.state_dict(), "pose_encoder": pose.state_dict()}


def matcher_of(**about):
    return Matcher.from_checkpoint(checkpoint(**about), device=torch.device("cpu"))


@pytest.fixture(scope="module")
def database():
    return counted_database(bars=4, silent=("v02",))


def test_a_window_lies_in_the_middle_and_inside_the_passage():
    starts, frames = np.array([10, 0, 90, 40, 3]), np.array([20, 10, 10, 48, 4])
    first, end = np.array([0, 0, 0, 0, 0]), np.array([100, 100, 100, 100, 12])
    begin = centre_windows(starts, frames, first=first, end=end, length=24)
    assert begin.tolist() == [8, 0, 76, 52, 0]
    taken = take_windows(np.arange(100), begin, 24, ends=end)
    assert taken[3].tolist() == list(range(52, 76))
    assert taken[4].tolist() == [*range(12), *[11] * 12]  # the last frame is held


@pytest.mark.parametrize("seconds", [1.0, 2.0])
def test_fragments_in_beats_are_known_by_the_window_round_their_middle(database, seconds):
    matcher = matcher_of(seconds=seconds)
    length = round(seconds * FPS)
    assert matcher.length == length
    embedded = matcher.embed_fragments(database)
    assert embedded.shape == (len(database), SETTINGS.embedding_size)
    for row in (0, 5, len(database) // 2, len(database) - 1):
        about = database.table.iloc[row]
        first = about["row"] - about["start_frame"] + about["passage_start"]
        last = about["row"] - about["start_frame"] + about["passage_end"]
        middle = about["row"] + about["frames"] / 2
        begin = int(min(max(np.floor(middle - length / 2), first), last - length))
        poses = normalise_poses(torch.from_numpy(database.frames.keypoints[None, begin : begin + length].copy()))
        alone = embed(matcher.pose_encoder, poses, device=torch.device("cpu"))[0]
        np.testing.assert_allclose(embedded[row], alone, atol=1e-5)


def test_a_passage_shorter_than_the_window_holds_its_last_frame(database):
    matcher = matcher_of(seconds=40.0)
    starts, ends = matcher.windows_of(database)
    table = database.table
    assert (starts == table["row"] - table["start_frame"]).all()  # each dance is one passage, from its first frame on
    assert (ends - starts == table["passage_end"]).all()
    few = database.subset(np.flatnonzero(table["video"] == "v03"))
    embedded = matcher.embed_fragments(few)
    assert np.isfinite(embedded).all()
    np.testing.assert_array_equal(embedded, np.broadcast_to(embedded[0], embedded.shape))  # the same window all


def test_fragments_of_one_window_are_embedded_once(database, monkeypatch):
    matcher, seen = matcher_of(), []
    inner = matcher._embed
    monkeypatch.setattr(
        Matcher, "_embed", lambda _, encoder, take, at: seen.append(len(at)) or inner(encoder, take, at)
    )
    twice = database.subset(np.tile(np.arange(len(database)), 2))
    embedded = matcher.embed_fragments(twice)
    assert seen[0] <= len(database)
    np.testing.assert_array_equal(embedded[: len(database)], embedded[len(database) :])


def test_an_index_of_fragments_in_beats_belongs_to_their_table(tmp_path, database):
    index_database(tmp_path, database, matcher_of())
    index = read_index(tmp_path / "index.json", database=database)
    assert (len(index), index.about["queries"]) == (len(database), int(database.table["has_sound"].sum()))
    assert index.about["recall"]["10"] == 1
    longer = database.table.assign(frames=database.table["frames"] + 1)
    other = Database(database.frames, longer, database.metadata)
    assert fingerprint(other) != fingerprint(database)
    with pytest.raises(MatcherError, match="indexes another database"):
        read_index(tmp_path / "index.json", database=other)


def test_fragments_of_one_length_are_embedded_as_they_are():
    fixed = make_database(videos=2)
    matcher = matcher_of()
    poses = normalise_poses(torch.from_numpy(fixed.keypoints_of(np.arange(len(fixed)))))
    alone = embed(matcher.pose_encoder, poses, device=torch.device("cpu"))
    np.testing.assert_allclose(matcher.embed_fragments(fixed), alone, atol=1e-5)


@pytest.mark.parametrize("key", ["seconds", "fps"])
def test_a_checkpoint_of_no_length_is_refused(tmp_path, key):
    for value in (0, -1.0, float("nan"), "2"):
        save_matcher(tmp_path / "matcher.pt", checkpoint() | {key: value})
        with pytest.raises(MatcherError, match=rf"is not a complete matcher checkpoint \({key} is .*delete it and run"):
            load_matcher(tmp_path / "matcher.pt", device=torch.device("cpu"))


def test_a_held_frame_is_the_same_where_the_frames_are_on_a_device(database):
    windows = Windows.of(database.frames, length=30)
    starts, ends = np.array([0, 40, 100]), np.array([12, 70, 101])
    sent = windows.put(torch.device("cpu"))
    np.testing.assert_array_equal(sent.poses(starts, ends=ends), windows.poses(starts, ends=ends))
    np.testing.assert_array_equal(sent.poses(starts), windows.poses(starts))
