"""The page of many videos: those that need a look first, true figures, and no more bytes than it may have."""

import base64
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from cleaned_dances import DANCE, FPS, interrupted, make_tables
from puppet import draw_puppet

from danceit_core.evaluation import thumbnails_page
from danceit_core.evaluation.thumbnails_page import (
    BAND,
    COLOURS,
    KEPT_COLOUR,
    PICTURES_BYTES,
    SIDE,
    encode,
    summarise,
    thumbnail,
    write_thumbnails,
)
from danceit_core.media.video import VideoWriter
from danceit_core.pose.rejection import NO_FEET, NO_PERSON
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import Track, join_tracks


def rgb(colour):
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def two_dancers():
    """The second enters after 60 frames."""
    tables = [make_tables(DANCE)[1], make_tables(DANCE[60:])[1]]
    parts = [Track(number, 60 * number, table) for number, table in enumerate(tables)]
    return join_tracks(parts, metadata=tables[0].metadata)


def refused(words):
    raw, _ = make_tables(DANCE[:0], refused=words)
    return PoseTable(raw.keypoints, raw.metadata, {"kept": np.zeros(0, bool), "reason": np.zeros(0, "<U16")})


def pictures_in(page):
    """Every picture of a page, RGB."""
    found = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", page)
    bgr = [cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR) for data in found]
    return [picture[..., ::-1] for picture in bgr]


def test_a_video_is_summed_up_as_cleaning_left_it():
    _, cleaned = interrupted()
    about = summarise(cleaned, name="waltz")
    assert (about.frames, about.seconds, about.dancers) == (240, 10.0, 1)
    assert about.kept == pytest.approx(172 / 240, abs=0.02)
    assert set(about.dropped) >= {NO_PERSON, NO_FEET}
    assert about.dropped[NO_FEET] == pytest.approx(40 / 240)
    # The longest kept stretch is between the holes or at the beginning.
    assert cleaned.columns["kept"][about.looked_at]
    np.testing.assert_array_equal(about.poses, cleaned.keypoints[[about.looked_at]])
    places = np.linspace(0, 239, SIDE).round().astype(int)
    colours = [rgb(COLOURS.get(str(code), KEPT_COLOUR)) for code in cleaned.columns["reason"][places]]
    for row in about.band:
        np.testing.assert_array_equal(row, colours)


def test_dancers_of_one_video_have_a_row_each_and_their_own_colours():
    about = summarise(two_dancers(), name="duo")
    assert (about.frames, about.dancers, len(about.poses)) == (240, 2, 2)
    assert len(set(about.colours)) == 2
    first, second = about.band[0], about.band[-1]
    assert (first == rgb(KEPT_COLOUR)).all()
    beginning = SIDE * 60 // 240 - 1
    assert (second[:beginning] == 255).all()
    assert (second[beginning + 2 :] == rgb(KEPT_COLOUR)).all()


def test_a_thumbnail_shows_the_person_large_and_the_band_below():
    _, cleaned = interrupted()
    about = summarise(cleaned, name="waltz")
    picture = draw_puppet(cleaned.keypoints[about.looked_at], size=192)
    shown = thumbnail(about, picture)
    assert shown.shape[1] == SIDE
    np.testing.assert_array_equal(shown[-BAND:], about.band)
    # The limbs' lines are there: the same without joints lacks them.
    bare = thumbnail(replace(about, poses=about.poses * 0), picture)
    assert (shown != bare).any(-1)[:SIDE].mean() > 0.02
    # Nobody in the picture: all of it, not square, on white.
    wide = thumbnail(replace(about, poses=about.poses[:0], colours=[]), np.zeros((90, 160, 3), np.uint8))
    assert (wide[0] == 255).all()
    assert (wide[SIDE // 2] == 0).all()


def test_those_that_need_a_look_come_first(tmp_path):
    store = tmp_path / "frames.mp4"
    with VideoWriter(store, fps=FPS, size=(192, 192), crf=14, gop=12) as writer:
        for keypoints in DANCE:
            writer.write(draw_puppet(keypoints, size=192))
    gone = DANCE.copy()
    gone[20:200] = 0
    videos = {
        "fine": make_tables(DANCE)[1],
        "<b>": interrupted()[1],
        "lost": make_tables(gone)[1],
        "broken": refused("b.mp4 is truncated & gone"),
        "duo": two_dancers(),
    }
    write_thumbnails(tmp_path / "page.html", videos.items(), stores={"fine": store})
    page = (tmp_path / "page.html").read_text()
    captions = re.findall(r"<b>(.*?)</b><br>(.*?)</figcaption>", page)
    assert [name for name, _ in captions] == ["broken", "lost", "&lt;b&gt;", "duo", "fine"]
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["Left out (1)", "Less than half kept (1)", "Used (3)"]
    words = dict(captions)
    assert words["broken"] == "<span class='out'>b.mp4 is truncated &amp; gone</span>"
    assert words["&lt;b&gt;"].endswith("of 10 s kept; neither foot is seen: 17%")
    assert words["duo"] == "100% of 10 s kept, 2 dancers"
    assert "<h1>5 dance videos, 0.0 hours</h1>" in page
    pictures = pictures_in(page)
    assert len(pictures) == 4  # of one there is no frame
    assert pictures[3][:SIDE].mean() > pictures[2][:SIDE].mean() + 30  # the puppet's wall; on black without a store


def test_no_number_of_videos_makes_a_large_page(tmp_path, monkeypatch):
    """A thousand of pure noise, which no encoder makes small: real pictures are a fifth of that."""
    rng, about = np.random.default_rng(0), summarise(make_tables(DANCE[:48])[1], name="v")
    noise = rng.integers(0, 256, (200, 192, 192, 3)).astype(np.uint8)
    monkeypatch.setattr(thumbnails_page, "_picture", lambda summary, _store: noise[int(summary.name) % 200])
    monkeypatch.setattr(thumbnails_page, "summarise", lambda _cleaned, *, name: replace(about, name=name))
    write_thumbnails(tmp_path / "page.html", ((str(number), None) for number in range(1000)), stores={})
    page = tmp_path / "page.html"
    # As text it takes a third more, and the report that holds it a third more again.
    assert page.stat().st_size < 4 / 3 * PICTURES_BYTES + 500_000
    assert 4 / 3 * page.stat().st_size < 20_000_000
    assert len(pictures_in(page.read_text())) == 1000
    # Beyond so many, a line each.
    monkeypatch.setattr(thumbnails_page, "MOST_PICTURES", 10)
    write_thumbnails(tmp_path / "page.html", ((str(number), None) for number in range(1000)), stores={})
    assert len(pictures_in(page.read_text())) == 10
    assert "The last 990 have no picture." in page.read_text()
    assert page.stat().st_size < 1000 * 300 + 10 * 20_000


@pytest.mark.parametrize("limit", [12_000, 7_500, 3_000])
def test_a_picture_is_as_fine_as_its_bytes_allow(limit):
    noise = np.random.default_rng(0).integers(0, 256, (154, 144, 3)).astype(np.uint8)
    data = base64.b64decode(encode(noise, limit=limit).partition(",")[2])
    assert limit / 4 < len(data) <= limit
