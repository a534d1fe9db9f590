import dataclasses

import numpy as np
import pytest
from dancers import sine_dancer, turned, wandering_dancer

from danceit_core.choreography import costs
from danceit_core.choreography.candidates import ClipSong
from danceit_core.choreography.library import Library, make_library
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.retrieve import Matches, clip_windows, retrieve, sort_matches
from danceit_core.config import RetrievalSettings
from danceit_core.errors import ChoreographyError

FPS = 24.0
FRAMES = 24
PATH = RetrievalSettings(fragment_s=1.0)
ARGMIN = dataclasses.replace(PATH, variant="argmin")


def cut(
    videos: dict[str, np.ndarray],
    *,
    hop: int = FRAMES,
    tempo_bpm: float | None = None,
    facing_deg: dict[str, float] | None = None,
) -> Library:
    """A library of one-second fragments. facing_deg: of each video, the same all the time."""
    rows = [(name, start) for name, v in videos.items() for start in range(0, len(v) - FRAMES + 1, hop)]
    return make_library(
        np.stack([videos[name][start : start + FRAMES] for name, start in rows]),
        fragment_id=np.arange(len(rows)) + 1000,
        video=[name for name, _ in rows],
        start_frame=[start for _, start in rows],
        tempo_bpm=None if tempo_bpm is None else np.full(len(rows), tempo_bpm),
        facing=None if facing_deg is None else [np.full(FRAMES, facing_deg[name]) for name, _ in rows],
    )


def find(library: Library, distance: np.ndarray, settings: RetrievalSettings, **changes: object) -> Plan:
    names = {"song_frames": "frames", "clip_energy": "energy"}
    about = {"frames": len(distance) * FRAMES, "fps": FPS, "beats_s": np.zeros(0), "tempo_bpm": 0.0}
    about |= {names.get(key, key): value for key, value in changes.items() if key != "beat_kind"}
    about["beats_s"] = np.asarray(about["beats_s"], float)
    kind = {"beat_kind": changes["beat_kind"]} if "beat_kind" in changes else {}
    matches, rng = sort_matches(distance), np.random.default_rng(0)
    return retrieve(library, matches, song=ClipSong(**about), settings=settings, rng=rng, **kind)


@pytest.fixture(scope="module")
def three() -> Library:
    return cut({name: wandering_dancer(121, seed=seed) for seed, name in enumerate("abc")}, tempo_bpm=100)


def test_clip_windows_cover_the_song() -> None:
    np.testing.assert_array_equal(clip_windows(60, fragment_frames=24, fps=24), [0, 24, 36])
    np.testing.assert_array_equal(clip_windows(24, fragment_frames=24, fps=24), [0])


def test_a_short_song_is_refused_with_both_lengths() -> None:
    with pytest.raises(ChoreographyError, match=r"lasts 0\.50 s, less than one fragment of 1\.00 s; use a longer song"):
        clip_windows(12, fragment_frames=24, fps=24)


def test_sorted_matches_are_nearest_first() -> None:
    matches = sort_matches([[3.0, 1.0, 2.0]])
    np.testing.assert_array_equal(matches.rows, [[1, 2, 0]])
    np.testing.assert_array_equal(matches.distance, [[1, 2, 3]])


def test_argmin_takes_the_planted_nearest(three: Library) -> None:
    distance = np.random.default_rng(1).uniform(1, 2, (4, len(three)))
    planted = [3, 3, 14, 0]
    distance[np.arange(4), planted] = 0.5
    plan = find(three, distance, ARGMIN, song_frames=80)
    np.testing.assert_array_equal(plan.fragment_id, np.array(planted) + 1000)
    np.testing.assert_array_equal(plan.frames, [24, 24, 24, 8])
    np.testing.assert_array_equal(plan.rate, 1)
    np.testing.assert_allclose(plan.match_distance, 0.5)
    assert plan.source_video[2] == "c"
    assert plan.source_start_frame[2] == 96
    assert plan.song_frames == 80


def test_path_follows_the_match_when_nothing_else_counts(three: Library) -> None:
    alone = dataclasses.replace(
        PATH,
        seam_weight=0,
        beat_weight=0,
        tempo_weight=0,
        energy_weight=0,
        calm_weight=0,
        facing_weight=0,
        no_repeat_s=0,
    )
    distance = np.random.default_rng(2).uniform(1, 2, (5, len(three)))
    assert find(three, distance, alone).match_distance.sum() == pytest.approx(distance.min(1).sum())


def test_path_does_not_repeat_while_there_are_others(three: Library) -> None:
    distance = np.ones((10, len(three)))
    distance[:, 7] = 0.0
    settings = dataclasses.replace(PATH, no_repeat_s=4.0, match_weight=50.0)
    assert list(find(three, distance, ARGMIN).fragment_id) == [1007] * 10
    plan = find(three, distance, settings)
    for first in range(10):
        window = plan.fragment_id[first : first + 5].tolist()  # 4 s forbidden after each of 1 s
        assert len(set(window)) == len(window)
    assert (plan.fragment_id == 1007).sum() == 2
    free = find(three, distance, dataclasses.replace(settings, no_repeat_s=0.0))
    assert list(free.fragment_id) == [1007] * 10


def test_overlapping_fragments_count_as_repetition() -> None:
    library = cut({"a": wandering_dancer(72, seed=0)}, hop=6)
    plan = find(library, np.random.default_rng(3).random((3, len(library))), PATH)
    starts = np.sort(plan.source_start_frame)
    assert (np.diff(starts) >= FRAMES).all()


def test_path_avoids_a_planted_flip() -> None:
    front = sine_dancer(49, minimum_s=0.5, interval_s=1.0)
    library = cut({"front": front, "back": turned(front), "again": front.copy()})
    rows = {name: int(np.flatnonzero(library.video == name)[0]) for name in ("front", "back", "again")}
    distance = np.full((2, len(library)), 9.0)
    distance[0, rows["front"]] = 0.0
    distance[1, rows["back"]], distance[1, rows["again"]] = 0.0, 0.5
    settings = dataclasses.replace(PATH, beat_weight=0, energy_weight=0, match_weight=20.0, seam_weight=0.0)
    careless = find(library, distance, dataclasses.replace(settings, facing_weight=0.0))
    careful = find(library, distance, dataclasses.replace(settings, facing_weight=5.0))
    assert list(careless.source_video) == ["front", "back"]
    assert list(careful.source_video) == ["front", "again"]


def test_path_avoids_a_turn_that_only_depth_shows() -> None:
    side = sine_dancer(49, minimum_s=0.5, interval_s=1.0)
    videos = {"right": side, "left": side.copy(), "right too": side.copy()}  # alike in the picture
    library = cut(videos)
    rows = {name: int(np.flatnonzero(library.video == name)[0]) for name in videos}
    distance = np.full((2, len(library)), 9.0)
    distance[0, rows["right"]] = 0.0
    distance[1, rows["left"]], distance[1, rows["right too"]] = 0.0, 0.1
    settings = dataclasses.replace(PATH, beat_weight=0, energy_weight=0, match_weight=2.0, seam_weight=0.0)
    assert list(find(library, distance, settings).source_video) == ["right", "left"]
    degrees = {"right": 90.0, "left": -100.0 + 360, "right too": 95.0 - 720}
    known = cut(videos, facing_deg=degrees)
    assert list(find(known, distance, settings).source_video) == ["right", "right too"]
    blind = dataclasses.replace(settings, facing_weight=0.0)
    assert list(find(known, distance, blind).source_video) == ["right", "left"]
    half_known = cut(videos, facing_deg={**degrees, "right": np.nan})
    assert list(find(half_known, distance, settings).source_video) == ["right", "left"]


def test_path_prefers_the_seam_that_fits() -> None:
    low, high = sine_dancer(25, amplitude_px=0), sine_dancer(25, amplitude_px=0)
    high[:, [4, 7], 1] -= 250
    library = cut({"low": low, "low too": low.copy(), "high": high})
    distance = np.array([[0.0, 5, 5], [5, 0.1, 0.0]])
    bare = dataclasses.replace(PATH, beat_weight=0, energy_weight=0, no_repeat_s=0)
    plan = find(library, distance, bare)
    assert list(plan.source_video) == ["low", "low too"]
    assert list(find(library, distance, dataclasses.replace(bare, seam_weight=0)).source_video) == ["low", "high"]


def test_path_prefers_movement_already_on_the_beat() -> None:
    videos = {f"{s}": sine_dancer(25, minimum_s=s, interval_s=0.5) for s in (0.0, 0.08, 0.17, 0.25, 0.33, 0.42)}
    library = cut(videos)
    settings = dataclasses.replace(PATH, energy_weight=0, seam_weight=0, match_weight=0.1, no_repeat_s=0)
    distance = np.random.default_rng(4).random((4, len(library)))
    on_beat = find(library, distance, settings, beats_s=np.arange(0.25, 4, 0.5), tempo_bpm=120)
    assert list(on_beat.source_video) == ["0.25"] * 4
    peaks = find(library, distance, settings, beats_s=np.arange(0.25, 4, 0.5), tempo_bpm=120, beat_kind="max")
    assert list(peaks.source_video) == ["0.0"] * 4


def test_energy_follows_the_song() -> None:
    library = cut({f"{a}": sine_dancer(25, amplitude_px=a, minimum_s=0.25) for a in (2, 8, 32)})
    settings = dataclasses.replace(
        PATH, seam_weight=0, beat_weight=0, match_weight=0.01, energy_weight=5, calm_weight=0, no_repeat_s=0
    )
    plan = find(library, np.zeros((3, 3)), settings, clip_energy=[5.0, 1.0, 9.0])
    assert list(plan.source_video) == ["8", "2", "32"]
    with pytest.raises(ChoreographyError, match="one value for each of 3 clips"):
        find(library, np.zeros((3, 3)), settings, clip_energy=[1.0])


@pytest.mark.parametrize("settings", [PATH, ARGMIN, dataclasses.replace(PATH, candidates=1)])
@pytest.mark.parametrize("song_frames", [24, 25, 71])
def test_one_fragment_makes_a_dance(settings: RetrievalSettings, song_frames: int) -> None:
    library = cut({"only": wandering_dancer(24, seed=1)}, tempo_bpm=90)
    clips = len(clip_windows(song_frames, fragment_frames=FRAMES, fps=FPS))
    plan = find(library, np.ones((clips, 1)), settings, song_frames=song_frames, tempo_bpm=120, beats_s=[0.3, 0.8])
    assert plan.song_frames == song_frames
    assert set(plan.source_video) == {"only"}


def test_given_top_matches_are_enough(three: Library) -> None:
    matches = Matches(np.array([[4, 2], [9, 1]]), np.array([[0.1, 0.2], [0.1, 0.3]]))
    plan = retrieve(
        three,
        matches,
        song=ClipSong(48, FPS, np.zeros(0), 100.0),
        settings=PATH,
        rng=np.random.default_rng(0),
    )
    assert plan.fragment_id[0] - 1000 in (4, 2)
    assert plan.fragment_id[1] - 1000 in (9, 1)


def test_the_same_seed_gives_the_same_plan(three: Library) -> None:
    distance = np.random.default_rng(5).random((6, len(three)))
    a, b = (find(three, distance, PATH, tempo_bpm=104, beats_s=np.arange(0, 6, 0.57)) for _ in range(2))
    assert a.to_frame().equals(b.to_frame())


def test_tempo_is_folded_and_bounded() -> None:
    library = make_library(
        np.stack([wandering_dancer(60, seed=0)[s : s + FRAMES] for s in (0, 24, 30, 36)] * 1),
        fragment_id=range(4),
        video=["a"] * 4,
        start_frame=[0, 24, 30, 36],
        tempo_bpm=[100, 50, np.nan, 100],
    )
    np.testing.assert_allclose(
        costs.playback_rates(library, np.arange(4), 110), [1.1, 1.1, 1.0, 1.0]
    )  # the last has no more frames
    np.testing.assert_allclose(costs.playback_rates(library, np.arange(4), 80), [0.8, 0.8, 1.0, 0.8])
    np.testing.assert_allclose(costs.playback_rates(library, np.arange(4), 0), 1.0)


def test_overlapping_fragments_give_back_their_passage() -> None:
    video = wandering_dancer(60, seed=2)
    library = make_library(
        np.stack([video[s : s + FRAMES] for s in (0, 12, 36)]),
        fragment_id=range(3),
        video=["a"] * 3,
        start_frame=[0, 12, 36],
    )
    np.testing.assert_array_equal(library.room, [60, 48, 24])
    apart = make_library(
        np.stack([video[s : s + FRAMES] for s in (0, 30)]), fragment_id=range(2), video=["a"] * 2, start_frame=[0, 30]
    )
    np.testing.assert_array_equal(apart.room, [24, 24])
    pose, expected = apart.pose(np.array([1]), np.array([2.0]))[0], video[32, :15, :2]
    ratio = (pose - pose[8])[:8] / (expected - expected[8])[:8]
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-4)


def test_absent_joints_do_not_hide_a_seam() -> None:
    a, b = sine_dancer(24, amplitude_px=0), sine_dancer(24, amplitude_px=0)
    b[:, 4, 0] += 165  # 1.5 torso lengths
    library = cut({"a": a, "b": b})
    rows, rates = np.array([0, 1]), np.ones(2)
    ends = costs.find_ends(library, rows, rates, np.zeros(2), fps=FPS)
    cost = costs.seam_costs(ends, ends, costs.foot_shifts(ends, ends))
    jump = 1.5 / (13 + 2 * costs.ANKLE_WEIGHT)  # of one joint of 15, two of them ankles
    np.testing.assert_allclose(cost, [[0, jump], [jump, 0]], atol=1e-6)
    a[:, 4] = 0
    library = cut({"a": a, "b": b})
    ends = costs.find_ends(library, rows, rates, np.zeros(2), fps=FPS)
    np.testing.assert_allclose(costs.seam_costs(ends, ends, costs.foot_shifts(ends, ends)), 0, atol=1e-6)


def test_plan_table_round_trip_and_its_checks(three: Library) -> None:
    plan = find(three, np.ones((3, len(three))), PATH, song_frames=60)
    frame = plan.to_frame()
    again = Plan.from_frame(frame)
    assert again.to_frame().equals(frame)
    np.testing.assert_array_equal(again.seams, [24, 48])
    with pytest.raises(ChoreographyError, match=r"lacks the columns \['rate'\]"):
        Plan.from_frame(frame.drop(columns="rate"))
    with pytest.raises(ChoreographyError, match="without a dance"):
        Plan.from_frame(frame.drop(index=1))


def test_errors_name_the_mismatch(three: Library) -> None:
    distance = np.ones((3, len(three)))
    with pytest.raises(ChoreographyError, match=r"fragment_s is 2\.0 s \(48 frames\) but .* 24 frames"):
        find(three, distance, RetrievalSettings(fragment_s=2.0))
    with pytest.raises(ChoreographyError, match="for a song of 5;"):
        find(three, distance, PATH, song_frames=120)
    with pytest.raises(ChoreographyError, match="'best'; known are 'path' and 'argmin'"):
        find(three, distance, dataclasses.replace(PATH, variant="best"))
    with pytest.raises(ChoreographyError, match="no fragment to dance"):
        make_library(np.zeros((0, 24, 25, 3)), fragment_id=[], video=[], start_frame=[])
