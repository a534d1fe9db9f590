from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from dancers import sine_dancer

from danceit_core.choreography.plan import Plan
from danceit_core.config import EvaluationSettings
from danceit_core.evaluation.closing import closing_lines, summary_html
from danceit_core.evaluation.form_lines import describe_form, form_lines
from danceit_core.evaluation.summary import (
    read_benchmarks,
    read_scores,
    remarks,
    score_rows,
    score_video,
    summary_page,
    write_scores,
)
from danceit_core.music.table import Beats, MusicTable, Section
from danceit_core.pose.table import PoseTable


@pytest.fixture
def scores():
    """A dancer on the beat, found again in every frame a little to the right of where it was asked for."""
    dancer = sine_dancer(96)
    about = {"fps": 24, "width": 512, "height": 512}
    sources = np.array(["waltz"] * 72 + ["tango"] * 24)
    poses = PoseTable(dancer, about | {"seams": [48]}, {"source_video": sources})
    found = PoseTable(dancer + np.array([2, 0, 0], np.float32), about)
    beats = Beats(np.arange(0.5, 3.6, 0.5), 120.0)
    music = MusicTable(np.zeros((96, 13)), np.zeros(96), beats, 24.0, "mfcc", 4.0, False)
    rng = np.random.default_rng(0)
    target = PoseTable(dancer[:48], about)
    return score_video(poses, found, target, music=music, settings=EvaluationSettings(), rng=rng)


def test_scores_of_a_dancer_on_the_beat(scores):
    for beats in (scores["beats"], scores["beats_asked"]):
        assert beats["s_ba_min_1"] == 1
        assert beats["chance_s_ba_min_1"] < 0.6
    assert scores["pose"]["detected_share"] == 1
    assert scores["pose"]["pck"] == 1
    assert scores["pose"]["unseen_poses"] == scores["pose"]["outside_picture"] == scores["pose"]["missing_joints"] == 0
    assert scores["pose"]["mean_error_px"] == pytest.approx(2)
    assert scores["sources"] == {"tango": 0.25, "waltz": 0.75}
    assert scores["video"] == {
        "frames": 96, "seconds": 4.0, "song_seconds": 4.0, "fps": 24, "width": 512, "height": 512,
    }  # fmt: skip


def score_at(fps, *, pan):
    """Scores of a dancer whose least speed is seen on each beat, half a frame of the video after it is in the poses."""
    frames = round(4 * fps)
    shown = sine_dancer(frames, fps=fps, minimum_s=-0.5 / fps)
    shown[..., 0] -= pan * np.sin(np.arange(frames) / fps)[:, None]
    sources = np.repeat(["waltz", "tango"], [frames * 3 // 4, frames // 4])
    corner = (pan * np.sin(np.arange(frames) / fps)).astype(np.float32)
    columns = {"source_video": sources, "plate_x": corner, "plate_y": 0 * corner}
    about = {"fps": fps, "width": 720, "height": 1280}
    music = MusicTable(
        np.zeros((96, 13)), np.zeros(96), Beats(np.arange(0.5, 3.6, 0.5), 120.0), 24.0, "mfcc", 4.0, False
    )
    return score_video(
        PoseTable(shown, about | {"seams": [frames // 2]}, columns),
        PoseTable(shown, about),
        PoseTable(sine_dancer(48), about | {"fps": 24.0}),
        music=music,
        settings=EvaluationSettings(),
        rng=np.random.default_rng(0),
    )


@pytest.mark.parametrize("fps", [24.0, 25.0, 30.0, 48.0, 60.0])
def test_neither_frame_rate_nor_a_camera_that_follows_changes_the_scores_of_beats_and_movement(fps):
    usual, again = score_at(24.0, pan=0), score_at(fps, pan=200)
    assert usual["beats"]["s_ba_min_0"] == 1
    assert again["video"]["frames"] == round(4 * fps)
    assert (again["video"]["width"], again["video"]["height"], again["video"]["fps"]) == (720, 1280, fps)
    assert again["pose"]["pck"] == 1
    for key in ("s_ba_min_0", "s_ba_min_1", "s_ba_max_1", "beat_align_music", "beats"):
        for of in ("beats", "beats_asked"):
            assert again[of][key] == pytest.approx(usual[of][key], abs=0.02)
    assert again["beats"]["frame_ms"] == usual["beats"]["frame_ms"]
    for key in ("mean_speed", "jerk_mean", "foot_sliding", "frozen_share"):
        assert again["motion"][key] == pytest.approx(usual["motion"][key], rel=0.05, abs=0.05)
    assert "720 x 1280, " in closing_lines(again, video="v", summary="s", benchmarks={}, kind="min")[0]


def judge(found, *, asked):
    """Scores of a dance asked for whose video shows another."""
    about = {"fps": 24, "width": 512, "height": 512}
    beats = Beats(np.arange(0.5, 3.6, 0.5), 120.0)
    music = MusicTable(np.zeros((96, 13)), np.zeros(96), beats, 24.0, "mfcc", 4.0, False)
    columns = {"source_video": np.array(["waltz"] * 96)}
    return score_video(
        PoseTable(asked, about | {"seams": []}, columns), PoseTable(found, about), PoseTable(asked[:48], about),
        music=music, settings=EvaluationSettings(), rng=np.random.default_rng(0),
    )  # fmt: skip


def test_a_video_that_misses_the_beats_is_not_saved_by_the_poses_asked_for():
    """The painter shows the dance five frames late: what is seen counts, and comes first."""
    asked = sine_dancer(96, minimum_s=-0.5 / 24)
    scores = judge(np.concatenate([asked[:1].repeat(5, axis=0), asked[:-5]]), asked=asked)
    assert scores["beats_asked"]["s_ba_min_1"] == 1
    assert scores["beats"]["s_ba_min_2"] == 0
    lines = closing_lines(scores, video="v", summary="s", benchmarks={}, kind="min")
    assert lines[1].strip().startswith("0% of the beats met in the video")
    assert lines[2].strip().startswith("100% of the beats met by the planned poses")
    assert [value for what, value, _ in score_rows(scores) if "S_BA" in what][:3] == ["0.0%"] * 3


def test_where_nobody_is_found_in_the_video_there_are_no_beats_to_score():
    asked = sine_dancer(96, minimum_s=-0.5 / 24)
    scores = judge(np.zeros_like(asked), asked=asked)
    assert np.isnan(scores["beats"]["s_ba_min_1"])
    assert scores["beats_asked"]["s_ba_min_1"] == 1
    lines = closing_lines(scores, video="v", summary="s", benchmarks={}, kind="min")
    assert not any("in the video" in line or "nan" in line for line in lines)


def test_joints_beyond_the_rim_are_told_of(scores):
    assert scores["pose"]["outside_joints"] == 0
    assert ("joints outside the picture", "0.0%", "") in score_rows(scores)


def test_scores_survive_the_file(scores, tmp_path):
    scores["motion"]["seam_jerk_max"] = float("nan")
    write_scores(tmp_path / "scores.json", scores)
    assert "NaN" not in (tmp_path / "scores.json").read_text()
    again = read_scores(tmp_path / "scores.json")
    assert np.isnan(again["motion"]["seam_jerk_max"])
    assert again["beats"] == scores["beats"]


def test_the_page_names_the_video_and_its_scores(scores, tmp_path):
    (tmp_path / "render_video" / "p").mkdir(parents=True)
    for name, seconds in (("a", "1.5"), ("p/b", "2.0")):
        (tmp_path / "render_video" / f"{name}.tsv").write_text(f"s\th:m:s\n{seconds}\t0:00:01\n")
    times = read_benchmarks(tmp_path)
    assert times == {"render_video": 3.5}
    dances = pd.DataFrame(
        {
            "frames": [720, 0],
            "hours": [1 / 120, 0],
            "dropped_share": [0.1, 0],
            "silent": False,
            "refused": ["", "bad.mp4: nobody in it"],
        }
    )
    page = summary_page(scores, video="v.mp4", sheet="s.jpg", statistics="t.tsv", dances=dances, benchmarks=times)
    assert page.startswith("# v.mp4\n")
    assert "512 x 512 pixels, 24 frames per second; 96 frames, 4.00 s (the song: 4.00 s)" in page
    assert "| S_BA: speed minimum at most 1 frame off (62 ms), in the video | 100.0% |" in page
    lines = page.splitlines()
    (first,) = (
        k for k, line in enumerate(lines) if "at most 1 frame off (62 ms), in the video" in line and "minimum" in line
    )
    assert lines[first + 1].startswith("| the same for the planned poses | 100.0% |")
    assert first < lines.index("| frames with a detectable person | 100.0% |  |")
    assert "| render_video | 4 |" in page
    assert "Source dances: videos: 2, 0.5 min, 10.0 % of frames dropped, 1 left out (t.tsv)" in page
    assert "\n- left out: bad.mp4: nobody in it\n\n|" in page


def test_faces_have_a_row_where_they_were_compared(scores):
    row = "distance of the painted faces from the person's own (of those from one another)"
    assert row not in [what for what, _, _ in score_rows(scores)]
    compared = {"identity_distance": 0.41, "identity_distance_own": 0.3, "identity_share": 1.0, "identity_faces": 9.0}
    assert (row, "0.41 (0.30)", "") in score_rows(scores | {"identity": compared})
    none = compared | {"identity_distance": float("nan"), "identity_faces": 0.0}
    assert (row, "none", "") in score_rows(scores | {"identity": none})


def test_what_to_know_before_the_scores_are_believed_stands_on_every_page(scores):
    unknown = PoseTable(sine_dancer(48), {"fps": 24}, {"match_distance": np.full(48, np.nan)})
    music = MusicTable(np.zeros((48, 13)), np.zeros(48), Beats(np.zeros(0), 0.0, "so"), 24.0, "mfcc", 2.0, False)
    noted = remarks(unknown, music)
    assert noted[0].startswith("tempo unsure: so; check the beats")
    assert "no matcher could be trained" in noted[1]
    known = PoseTable(unknown.keypoints, unknown.metadata, {"match_distance": np.zeros(48)})
    assert remarks(known, replace(music, beats=Beats(np.zeros(0), 0.0))) == []
    dances = pd.DataFrame({"frames": [0], "hours": [0], "dropped_share": [0], "silent": True, "refused": [""]})
    scores["remarks"] = ["the tempo is <unsure>"]
    about = {"video": "v.mp4", "dances": dances, "benchmarks": {}}
    assert "\nNote: the tempo is <unsure>.\n\n|" in summary_page(scores, sheet="s", statistics="t", **about)
    assert "<p>Note: the tempo is &lt;unsure&gt;.</p>" in summary_html(scores, kind="min", **about)
    lines = closing_lines(scores, video="v.mp4", summary="s.md", benchmarks={}, kind="min")
    assert "  note: the tempo is <unsure>" in lines


def test_bars_sections_and_style_are_told_in_a_line_each(scores):
    assert form_lines(scores) == []
    starts = np.array([0, 48, 96, 100])
    names = np.array(["a"] * 4, object)
    plan = Plan(starts, np.array([48, 48, 4, 48]), names, names, 500 * np.arange(4), np.ones(4), np.zeros(4))
    beats = Beats(np.arange(0, 6, 0.5), 120.0, place=np.arange(12) % 4 + 1, meter=4)
    sections = (Section(0, 2.0, "A"), Section(2.0, 6.0, "B"))
    music = MusicTable(np.zeros((148, 13)), np.zeros(148), beats, 24.0, "mfcc", 6.0, False, sections=sections)
    scores["form"] = describe_form(plan, music)
    line = "bars of 4 beats; 67% of 3 seams on bar lines (of all beats: 25%); sections A B"
    assert form_lines(scores) == [line]
    scores["styles"] = {"waltz": 0.75, "pop": 0.25}
    vote = "style, by the nearest fragments: waltz 75%, pop 25%"
    dances = pd.DataFrame({"frames": [0], "hours": [0], "dropped_share": [0], "silent": True, "refused": [""]})
    about = {"video": "v.mp4", "dances": dances, "benchmarks": {}}
    assert f"\nB{line[1:]}.\n" in summary_page(scores, sheet="s", statistics="t", **about)
    assert f"<p>B{line[1:]}.</p>" in summary_html(scores, kind="min", **about)
    lines = closing_lines(scores, video="v.mp4", summary="s.md", benchmarks={}, kind="min")
    assert lines.index(f"  {line}") + 1 == lines.index(f"  {vote}")
    moved = describe_form(plan, music, seams_s=[2.1, 4.0, 4.2])
    assert (moved["seams"], moved["seams_on_bars"]) == (3, pytest.approx(1 / 3))
    held = describe_form(replace(plan, about={"hold": True}), music)
    assert (held["seams"], held["seams_on_bars"]) == (2, 1.0)
    unsure = replace(music, beats=replace(beats, doubt="so"))
    assert "bars of 4 beats (beats unsure)" in form_lines({"form": describe_form(plan, unsure)})[0]
    unknown = replace(music, beats=Beats(beats.times_s, 120.0), sections=())
    assert form_lines({"form": describe_form(plan, unknown)}) == ["bars unknown: the dance follows the beats alone"]


def test_a_run_ends_with_a_few_lines(scores):
    times = {"render_demo": 250.4, "train_pose_gan": 3700.0, "train_face_gan": 61.0, "align_poses": 2.0}
    lines = closing_lines(scores, video="v.mp4", summary="s.md", benchmarks=times, kind="min")
    assert lines[0] == "v.mp4: 4.0 s, 512 x 512, 24 frames per second"
    assert "100% of the beats met in the video, at most 1 frame off (62 ms); by chance" in lines[1]
    assert "100% of the beats met by the planned poses; by chance" in lines[2]
    assert lines[3].strip() == "100% of the joints found at their planned places, mean error 2.0 px of 512"
    assert "  time: demo 4 min 10 s, choreography 2 s, training the person 1 h 02 min" in lines
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize(
    ("summary", "command"),
    [
        ("results/summary.md", "`make report`"),
        ("my/results/summary.md", "`make report PROJECT=my`"),
        ("/data/summary.md", "`snakemake --report`"),
    ],
)
def test_the_report_it_names_is_that_of_these_results(scores, summary, command):
    lines = closing_lines(scores, video="v.mp4", summary=summary, benchmarks={}, kind="min")
    assert lines[-1] == f"  more: {summary}; {command} collects all pictures on one page"


def test_a_song_without_beats_has_no_score_of_them_at_the_end(scores):
    for of in ("beats", "beats_asked"):
        scores[of] |= {"s_ba_max_1": float("nan"), "chance_s_ba_max_1": float("nan")}
    lines = closing_lines(scores, video="v.mp4", summary="s.md", benchmarks={}, kind="max")
    assert not any("beats" in line or "nan" in line for line in lines)


def test_a_person_who_is_never_found_is_told_of_in_words(scores):
    scores["pose"] |= {"pck": float("nan"), "mean_error_px": float("nan"), "detected_share": 0.0}
    lines = closing_lines(scores, video="v.mp4", summary="s.md", benchmarks={}, kind="min")
    assert "    0% of the frames show a detectable person" in [line[1:] for line in lines]
    assert ("mean joint error", "none", "") in score_rows(scores)


def test_the_page_for_browsers_escapes_what_it_is_given(scores):
    dances = pd.DataFrame(
        {"frames": [9], "hours": [1], "dropped_share": [0.0], "silent": False, "refused": ["<b>.mp4: nobody"]}
    )
    page = summary_html(scores, video="a<b>.mp4", dances=dances, benchmarks={"render_video": 3.0}, kind="min")
    assert "a&lt;b&gt;.mp4" in page
    assert "left out: &lt;b&gt;.mp4" in page
    assert "<b>.mp4" not in page
    assert "<td>painting</td><td class='number'>3 s</td>" in page
    rows = page.count("<td class='number'>100.0%</td>")
    assert rows >= 3


def test_how_visible_switches_of_the_lender_are_is_a_row_where_there_are_any(scores):
    found = {"switches": 12.0, "switch_ratio": 1.234, "switch_low": 1.1, "switch_high": 1.36}
    assert not any("switches to" in what for what, _, _ in score_rows(scores))
    (row,) = (row for row in score_rows(scores | {"switches": found}) if "switches to" in row[0])
    assert row[1] == "1.23 (1.10 to 1.36)"
    assert not any("switches to" in what for what, _, _ in score_rows(scores | {"switches": {"switches": 0.0}}))
