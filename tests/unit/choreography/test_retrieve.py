import dataclasses

import numpy as np
import pytest
from cut_dances import cut as cut_database
from cut_dances import frames_of, library_of, pose_of, without_fragments
from dancers import TORSO_PX, sine_dancer, turned, wandering_dancer

from danceit_core.choreography import candidates, costs
from danceit_core.choreography.candidates import ClipSong
from danceit_core.choreography.library import Library
from danceit_core.choreography.matches import Matches, sort_matches
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.retrieve import retrieve
from danceit_core.choreography.slots import even_slots
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
    tempo_bpm: float = 0.0,
    facing_deg: dict[str, float] | None = None,
) -> Library:
    """A library of one-second fragments. facing_deg: of each video, the same all the time."""
    return library_of(videos, hop_s=hop / FPS, tempo_bpm=tempo_bpm, facing_deg=facing_deg)


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


def test_even_slots_cover_the_song() -> None:
    slots = even_slots(60, fragment_frames=24, fps=24)
    np.testing.assert_array_equal(slots.start, [0, 24, 48])
    np.testing.assert_array_equal(slots.frames, [24, 24, 12])
    np.testing.assert_array_equal(slots.length, 24)
    np.testing.assert_array_equal(even_slots(24, fragment_frames=24, fps=24).start, [0])


def test_a_short_song_is_refused_with_both_lengths() -> None:
    with pytest.raises(ChoreographyError, match=r"lasts 0\.50 s, less than one fragment of 1\.00 s; use a longer song"):
        even_slots(12, fragment_frames=24, fps=24)


def test_sorted_matches_are_nearest_first() -> None:
    matches = sort_matches([[3.0, 1.0, 2.0]])
    np.testing.assert_array_equal(matches.rows, [[1, 2, 0]])
    np.testing.assert_array_equal(matches.distance, [[1, 2, 3]])


def test_argmin_takes_the_planted_nearest(three: Library) -> None:
    distance = np.random.default_rng(1).uniform(1, 2, (4, len(three)))
    planted = [3, 3, 14, 0]
    distance[np.arange(4), planted] = 0.5
    plan = find(three, distance, ARGMIN, song_frames=80)
    np.testing.assert_array_equal(plan.fragment_id, three.fragment_id(np.array(planted)))
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
    (liked,) = three.fragment_id(np.array([7]))
    assert list(find(three, distance, ARGMIN).fragment_id) == [liked] * 10
    plan = find(three, distance, settings)
    for first in range(10):
        window = plan.fragment_id[first : first + 5].tolist()  # 4 s forbidden after each of 1 s
        assert len(set(window)) == len(window)
    assert (plan.fragment_id == liked).sum() == 2
    free = find(three, distance, dataclasses.replace(settings, no_repeat_s=0.0))
    assert list(free.fragment_id) == [liked] * 10


def test_overlapping_fragments_count_as_repetition() -> None:
    library = cut({"a": wandering_dancer(72, seed=0)}, hop=6)
    plan = find(library, np.random.default_rng(3).random((3, len(library))), PATH)
    starts = np.sort(plan.source_start_frame)
    assert (np.diff(starts) >= FRAMES).all()


def test_path_avoids_a_planted_flip() -> None:
    front = sine_dancer(49, minimum_s=0.5, interval_s=1.0)
    library = cut({"front": front, "back": turned(front), "again": front.copy()})
    rows = {name: library.row_of(f"{name}:0") for name in ("front", "back", "again")}
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
    rows = {name: library.row_of(f"{name}:0") for name in videos}
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
    clips = len(even_slots(song_frames, fragment_frames=FRAMES, fps=FPS))
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
    assert three.row_of(plan.fragment_id[0]) in (4, 2)
    assert three.row_of(plan.fragment_id[1]) in (9, 1)


def test_the_same_seed_gives_the_same_plan(three: Library) -> None:
    distance = np.random.default_rng(5).random((6, len(three)))
    a, b = (find(three, distance, PATH, tempo_bpm=104, beats_s=np.arange(0, 6, 0.57)) for _ in range(2))
    assert a.to_frame().equals(b.to_frame())


def test_tempo_is_folded_and_bounded() -> None:
    lengths = {"a": (60, 100.0), "b": (60, 50.0), "c": (60, np.nan), "d": (24, 100.0)}
    videos = {name: wandering_dancer(frames, seed=0) for name, (frames, _) in lengths.items()}
    library = library_of(videos, hop_s=2.0, tempo_bpm={name: tempo for name, (_, tempo) in lengths.items()})
    assert library.fragment_id(np.arange(4)).tolist() == ["a:0", "b:0", "c:0", "d:0"]
    np.testing.assert_allclose(
        costs.playback_rates(library, np.arange(4), 110, frames=24), [1.1, 1.1, 1.0, 1.0]
    )  # the last has no more frames
    np.testing.assert_allclose(costs.playback_rates(library, np.arange(4), 80, frames=24), [0.8, 0.8, 1.0, 0.8])
    np.testing.assert_allclose(costs.playback_rates(library, np.arange(4), 0, frames=24), 1.0)


def test_a_fragment_plays_on_to_the_ends_of_its_passage() -> None:
    video = wandering_dancer(66, seed=2)
    library = cut({"a": video[:60]}, hop=12)
    np.testing.assert_array_equal(library.room, [60, 48, 36, 24])
    np.testing.assert_array_equal(library.before, [0, 12, 24, 36])
    # Frames that are left out part it, and a cut does: the second passage has two shots.
    kept, shot = np.ones(66, bool), np.repeat([0, 1], [60, 6])
    kept[24:30] = False
    apart = cut({"a": pose_of(video, kept=kept, shot=shot)}, hop=6)
    np.testing.assert_array_equal(apart.room, [24, 30, 24])
    np.testing.assert_array_equal(apart.before, [0, 0, 6])
    pose, expected = apart.pose(np.array([1]), np.array([2.0]))[0], video[32, :15, :2]
    np.testing.assert_allclose((pose - pose[8]) * TORSO_PX, expected - expected[8], rtol=0.15, atol=0.1)
    ratio = ((pose - pose[8])[:8] / (expected - expected[8])[:8]).ravel()
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)
    halfway = apart.pose(np.array([1]), np.array([2.5]))
    between = (pose + apart.pose(np.array([1]), np.array([3.0]))[0]) / 2
    np.testing.assert_allclose(halfway[0], between, atol=1e-6)
    # Beyond the ends of the passage nothing is read.
    np.testing.assert_array_equal(apart.pose(np.array([1]), np.array([-9.0])), apart.pose(np.array([1]), np.zeros(1)))


def test_fragments_are_found_by_their_name() -> None:
    library = cut({"b": wandering_dancer(72, seed=0), "a": wandering_dancer(48, seed=1)})
    rows = np.arange(len(library))
    names = library.fragment_id(rows)
    assert names.tolist() == ["b:0", "b:24", "b:48", "a:0", "a:24"]
    assert [library.row_of(name) for name in names] == rows.tolist()
    assert library.rows_of(names[::-1]).tolist() == rows[::-1].tolist()
    for name in ("b:12", "c:0", "b", "b:-1", "a:48"):
        assert library.row_of(name) is None
    with pytest.raises(ChoreographyError, match="the plan dances fragment 'a:48', which is not in the database"):
        library.rows_of(["a:24", "a:48"])


def test_mapped_files_give_the_same_plan(tmp_path, three: Library) -> None:
    frames = frames_of({name: wandering_dancer(121, seed=seed) for seed, name in enumerate("abc")}, tempo_bpm=100)
    for name in ("keypoints", "moves"):
        np.save(tmp_path / f"{name}.npy", getattr(frames, name))
    mapped = {name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("keypoints", "moves")}
    library = dataclasses.replace(three, **mapped)
    assert np.shares_memory(library.speed, mapped["moves"])
    distance = np.random.default_rng(5).random((6, len(three)))
    about = {"tempo_bpm": 104, "beats_s": np.arange(0, 6, 0.57)}
    assert find(library, distance, PATH, **about).to_frame().equals(find(three, distance, PATH, **about).to_frame())


def test_of_a_large_database_what_is_usual_is_told_by_a_sample(three: Library, monkeypatch) -> None:
    song = ClipSong(3 * FRAMES, FPS, np.zeros(0), 100.0, energy=[2.0, 1.0, 3.0])
    slots = even_slots(3 * FRAMES, fragment_frames=FRAMES, fps=FPS)
    whole = candidates.wanted_movement(three, song, slots, rng=np.random.default_rng(0))
    monkeypatch.setattr(candidates, "USUAL_ROWS", 5)
    asked = []

    class Spied(Library):
        def frames_at(self, rows, offset):
            asked.append(len(rows))
            return super().frames_at(rows, offset)

    part = candidates.wanted_movement(Spied(**vars(three)), song, slots, rng=np.random.default_rng(0))
    assert len(asked) == 1
    assert asked[0] <= 5
    np.testing.assert_allclose(part.energy, whole.energy, atol=0.3)
    assert part.slide == pytest.approx(whole.slide, rel=0.5, abs=1e-6)


def test_a_dancer_without_a_size_is_named() -> None:
    database = cut_database(frames_of({"a": wandering_dancer(48, seed=0)}))
    database.frames.dances["torso_px"] = np.nan
    with pytest.raises(ChoreographyError, match="dance a has fragments but no frame that shows neck and hip"):
        Library.of(database)


def test_absent_joints_do_not_hide_a_seam() -> None:
    a, b = sine_dancer(24, amplitude_px=0), sine_dancer(24, amplitude_px=0)
    b[:, 4, 0] += 165  # 1.5 torso lengths
    library = cut({"a": a, "b": b})
    rows, rates = np.array([0, 1]), np.ones(2)
    ends = costs.find_ends(library, rows, rates, np.zeros(2), frames=FRAMES, fps=FPS)
    cost = costs.seam_costs(ends, ends, costs.foot_shifts(ends, ends))
    jump = 1.5 / (13 + 2 * costs.ANKLE_WEIGHT)  # of one joint of 15, two of them ankles
    np.testing.assert_allclose(cost, [[0, jump], [jump, 0]], atol=1e-6)
    a[:, 4] = 0
    library = cut({"a": a, "b": b})
    ends = costs.find_ends(library, rows, rates, np.zeros(2), frames=FRAMES, fps=FPS)
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
        Library.of(without_fragments(cut_database(frames_of({"a": wandering_dancer(48, seed=0)}))))
