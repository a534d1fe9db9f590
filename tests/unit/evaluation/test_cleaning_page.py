"""The page on the cleaning of a video: the right frames are looked at, its figures are true, and it can be drawn."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from cleaned_dances import DANCE, FPS, interrupted, make_tables
from puppet import draw_puppet

from danceit_core.evaluation.cleaning_page import (
    KEPT_COLOUR,
    describe_cleaning,
    draw_cleaning,
    jitter,
    kept_jitter,
    sample_frames,
)
from danceit_core.media.video import VideoWriter
from danceit_core.pose.skeleton import torso_length


def test_jitter_is_the_jerk_in_torsos():
    keypoints = np.repeat(DANCE[:1], 30, axis=0)
    torso = float(torso_length(DANCE[:1])[0])
    keypoints[..., 0] += torso * (np.arange(30) / FPS)[:, None] ** 3  # x = t^3 torsos: jerk 6
    np.testing.assert_allclose(jitter(keypoints, fps=FPS), 6, rtol=0.02)
    assert jitter(keypoints[:3], fps=FPS).shape == (0,)


def test_jitter_counts_where_frames_are_kept():
    raw, cleaned = interrupted()
    shaken = raw.keypoints.copy()
    shaken[130:170, :, 0] += 30 * np.random.default_rng(0).normal(size=(40, 1))
    assert kept_jitter(shaken, cleaned) == pytest.approx(kept_jitter(raw.keypoints, cleaned), rel=0.02)
    assert np.isnan(kept_jitter(raw.keypoints * 0, make_tables(raw.keypoints * 0)[1]))


def test_samples_show_each_reason_and_kept_frames():
    _, cleaned = interrupted()
    samples = sample_frames(cleaned)
    reasons = [cleaned.columns["reason"][frame] for frame in samples]
    assert len(samples) == 6
    assert samples == sorted(samples)
    assert {"no_person", "no_feet", ""} <= set(reasons)
    assert samples[reasons.index("no_person")] == 70
    assert len(sample_frames(make_tables(DANCE)[1])) == 6
    assert sample_frames(make_tables(DANCE * 0)[1]) == [120]


def test_the_line_says_what_came_of_it():
    _, cleaned = interrupted()
    assert describe_cleaning(cleaned, name="waltz") == "waltz: 71.7% of 240 frames kept in 4 pieces; camera cuts: 1"
    refused = replace(cleaned, metadata={**cleaned.metadata, "refused": "w.mp4: no person in it"})
    assert describe_cleaning(refused, name="waltz").endswith("\nleft out: w.mp4: no person in it")


def test_the_timeline_has_the_colours_of_the_reasons(tmp_path):
    raw, cleaned = interrupted()
    draw_cleaning(raw, cleaned, tmp_path / "page.png", name="waltz", frames_path=None)
    page = cv2.cvtColor(cv2.imread(str(tmp_path / "page.png")), cv2.COLOR_BGR2RGB)
    kept = np.array([int(KEPT_COLOUR[k : k + 2], 16) for k in (1, 3, 5)])
    green = (page == kept).all(axis=-1)
    # The band is the first row that is green for most of the page; there, kept and dropped have their shares.
    band = next(row for row in green if row.mean() > 0.5)
    inside = np.flatnonzero(band)
    share = band[inside[0] : inside[-1] + 1].mean()
    assert share == pytest.approx(172 / 240, abs=0.02)


def test_frames_of_the_video_are_shown_where_there_is_one(tmp_path):
    with VideoWriter(tmp_path / "frames.mp4", fps=FPS, size=(192, 192), crf=14, gop=12) as writer:
        for keypoints in DANCE[:48]:
            writer.write(draw_puppet(keypoints, size=192))
    raw, cleaned = make_tables(DANCE[:48])
    pages = []
    for frames_path in (tmp_path / "frames.mp4", None):
        draw_cleaning(raw, cleaned, tmp_path / "page.png", name="waltz", frames_path=frames_path)
        pages.append(cv2.imread(str(tmp_path / "page.png")).mean())
    assert pages[0] > pages[1] + 5  # the puppet's wall is bright, no video is black


@pytest.mark.parametrize("frames", [0, 2])
def test_a_refused_video_has_a_page_too(frames, tmp_path):
    raw, cleaned = make_tables(DANCE[:frames], refused="w.mp4: no person in it")
    draw_cleaning(raw, cleaned, tmp_path / "page.png", name="waltz", frames_path=None)
    assert (tmp_path / "page.png").stat().st_size > 3000
