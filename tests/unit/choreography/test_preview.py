"""What a preview draws under the dancer: bars, beats, sections and clips, each where it belongs."""

import numpy as np
import pytest
from dancers import sine_dancer

from danceit_core.choreography.clips import ShownClip, in_counts, shown_clips
from danceit_core.choreography.motion_beats import BeatHits
from danceit_core.choreography.strip import BAR, CLIP_BAND, DOTS, SECTION_BAND, SOUND_BAND, Shown, draw_strip
from danceit_core.music.table import Beats, Section
from danceit_core.pose.table import PoseTable

TIMES = np.array([0.5, 1.0, 1.5])
WIDTH, HEIGHT = 400, 100
NO_HITS = BeatHits(np.zeros(0), np.zeros(0), 24.0)


def strip(*, first_s=0.0, size=(WIDTH, HEIGHT), **about):
    given = {"peaks": np.zeros(200, np.float32), "peaks_per_s": 100, "beats": Beats(TIMES, 120.0), "hits": NO_HITS}
    return draw_strip(Shown(**given | about), first_s=first_s, page_s=2.0, size=size).astype(int)


def row(picture, share):
    return picture[min(len(picture) - 1, round(share * len(picture)))]


def test_a_motion_beat_is_green_where_it_is_met_and_red_where_it_is_missed():
    hits = BeatHits(TIMES, np.array([12, 25, 40]) / 24, 24.0)
    dots = row(strip(hits=hits), DOTS)
    greener, redder = dots[:, 1] - dots[:, 0] > 90, dots[:, 0] - dots[:, 1] > 90
    assert greener[[100, 208]].all()  # beats at 0.5 s and, a frame late, 1.0 s
    assert redder[round(40 / 24 / 2 * WIDTH) - 6 :][:12].any()
    assert not redder[:300].any()
    # A page further on shows none of them.
    later = strip(hits=hits, first_s=4.0)[:40]
    assert not (later[..., 1] - later[..., 0] > 90).any()


def test_bar_lines_reach_higher_than_beats_and_only_where_bars_are_known():
    between = (CLIP_BAND[1] + SOUND_BAND[0]) / 2  # above the beats' ticks, under the clips

    def golden(line):
        return np.flatnonzero(np.abs(line - BAR).max(1) < 90)

    barred = strip(beats=Beats(TIMES, 120.0, place=np.array([4, 1, 2]), meter=4))
    assert np.abs(golden(row(barred, between)) - 200).max() <= 3
    assert not len(golden(row(strip(), between)))
    ticks = row(strip(), SOUND_BAND[0] + 0.05)
    lit = np.flatnonzero(ticks.max(1) > 120)
    assert all(np.abs(lit - at).min() <= 1 for at in (100, 200, 300))


def test_each_section_has_a_colour_of_its_letter():
    sections = (Section(0.0, 0.8, "A"), Section(0.8, 1.4, "B"), Section(1.4, 2.0, "A"))
    beats = Beats(TIMES, 120.0, place=np.array([1, 2, 3]), meter=4)
    band = row(strip(sections=sections, beats=beats), SECTION_BAND[1] - 0.02)
    first, second, third = band[100], band[230], band[350]
    assert (first == third).all()
    assert (first != second).any()


@pytest.mark.parametrize(("beats", "told"), [
    (Beats(TIMES, 120.0, place=np.array([1, 2, 3]), meter=4), False),
    (Beats(TIMES, 120.0), True),
    (Beats(TIMES, 120.0, "weak", place=np.array([1, 2, 3]), meter=4), True),
    (Beats(np.zeros(0), 0.0), False),
])  # fmt: skip
def test_it_says_where_bars_are_unknown_or_beats_are_doubtful(beats, told):
    picture = strip(beats=beats)
    corner = picture[round(SECTION_BAND[0] * HEIGHT) :, -60:]
    assert bool((corner[..., 0] - corner[..., 1] > 60).any()) == told


def test_a_clip_has_its_words_inside_its_own_band_and_length():
    clips = (ShownClip(0.0, 0.5, "a dance with a long name 12.5 s", 4.0), ShownClip(0.5, 2.0, "b 1.0 s", 3.5))
    picture = strip(clips=clips, size=(800, 200))
    band = picture[round(CLIP_BAND[0] * 200) + 1 : round(CLIP_BAND[1] * 200) - 1]
    white = (band.min(2) > 150).any(0)
    assert white[:195].any()
    assert not white[192:204].any()
    assert white[210:].any()
    assert [clip.length for clip in clips] == ["4", "3.5"]


def test_clips_of_a_dance_have_names_and_lengths_in_counts():
    sources = np.array(["waltz"] * 48 + ["tango"] * 48)
    frames = np.concatenate([np.arange(30, 78), np.arange(240, 288)])
    about = {"fps": 24.0, "width": 512, "height": 512, "seams": [48]}
    poses = PoseTable(sine_dancer(96), about, {"source_video": sources, "source_frame": frames})
    clips = shown_clips(poses, np.arange(0.3, 4, 0.5), source_fps=24.0)
    assert [clip.name for clip in clips] == ["waltz 1.2 s", "tango 10.0 s"]
    assert [clip.length for clip in clips] == ["4", "4"]
    assert [clip.length for clip in shown_clips(poses, [0.5], source_fps=24.0)] == ["", ""]
    assert shown_clips(PoseTable(sine_dancer(96), about), TIMES, source_fps=24.0) == []


def test_counts_go_on_before_the_first_and_after_the_last_beat():
    assert in_counts([0.0, 0.5, 0.75, 1.5, 3.5], [0.5, 1.0, 2.0]) == pytest.approx([-1, 0, 0.5, 1.5, 3.5])
    assert np.isnan(in_counts([1.0], [1.0])).all()
