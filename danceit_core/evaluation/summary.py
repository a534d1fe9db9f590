"""The scores of one finished video, and the summary page written at the end of a run.

Beats are judged on what is visible: the joints that the pose network finds in the finished video (`beats`). The same
scores for the planned poses (`beats_asked`) show how much the painter lost. Scores that the alignment optimises prove
little alone: chance is reported beside each beat score, and speed beside jerk (a dancer who stands still passes every
smoothness score).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danceit_core.choreography.rate import danced
from danceit_core.config import EvaluationSettings
from danceit_core.database.statistics import describe_total
from danceit_core.errors import DanceItError
from danceit_core.evaluation.beats import beat_scores
from danceit_core.evaluation.form_lines import form_lines
from danceit_core.evaluation.motion import motion_scores
from danceit_core.evaluation.painting import flag_poses
from danceit_core.files import write_text
from danceit_core.music.table import CHECK_BEATS, MusicTable
from danceit_core.pose.redetection import detection_share, redetection
from danceit_core.pose.skeleton import present
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import source_names
from danceit_core.tables import DAMAGE, one_line


def score_video(
    poses: PoseTable,
    detected: PoseTable,
    target: PoseTable,
    *,
    music: MusicTable,
    settings: EvaluationSettings,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """All scores of a finished video as a nested dict of numbers.

    poses: the planned dance, with metadata `seams`. detected: the joints detected in the finished video. target: the
    table of the target's own video, on its plate. Beats and movement are judged at the frame rate of the song's table
    and on the plate (`rate.danced`), so that their meaning does not depend on frame rate or camera.
    """
    made, beats, (width, height) = danced(poses, fps=music.fps, seconds=music.duration_s), music.beats, poses.size
    corners = {name: values for name, values in poses.columns.items() if name in ("plate_x", "plate_y")}
    seen = danced(replace(detected, columns=corners), fps=music.fps, seconds=music.duration_s)
    judge = partial(beat_scores, fps=music.fps, shown_fps=poses.fps, tolerances=settings.tolerances)
    # Chance uses the same shifts of the beats for both.
    seed = int(rng.integers(2**32))
    found, asked = (judge(table.keypoints, beats.times_s, rng=np.random.default_rng(seed)) for table in (seen, made))
    if not present(detected.keypoints).any():
        found = dict.fromkeys(found, np.nan)
    return {
        "video": {
            "frames": len(detected),
            "seconds": len(detected) / poses.fps,
            "song_seconds": music.duration_s,
            "fps": poses.fps,
            "width": width,
            "height": height,
        },
        "pose": {
            "detected_share": detection_share(detected.keypoints),
            **redetection(poses.keypoints, detected.keypoints, share=settings.pck_share),
            **flag_poses(poses, target),
        },
        "beats": {
            "tempo_bpm": beats.tempo_bpm,
            "frame_ms": 1000 / music.fps,
            **found,
        },
        "beats_asked": asked,
        "motion": motion_scores(made.keypoints, fps=music.fps, seams=made.metadata.get("seams", [])),
        "sources": source_shares(source_names(poses)),
    }


def remarks(poses: PoseTable, music: MusicTable) -> list[str]:
    """Caveats about a dance's scores, one clause each; empty if there are none.

    poses: the dance. music: that of its song.
    """
    found = [f"tempo unsure: {music.beats.doubt}; {CHECK_BEATS}"] if music.beats.doubt else []
    if np.isnan(poses.columns["match_distance"]).all():
        found.append(
            "no matcher could be trained, because too little of the dances has sound: the fragments were chosen by "
            "beats, tempo, energy and seams alone"
        )
    return found


def source_shares(source_video: NDArray[Any]) -> dict[str, float]:
    """Share of the dance's frames that come from each source video."""
    names, counts = np.unique(source_video.astype(str), return_counts=True)
    return {str(name): float(count / len(source_video)) for name, count in zip(names, counts, strict=True)}


def write_scores(path: str | Path, scores: Mapping[str, Any]) -> None:
    """Write scores as JSON; NaN (nothing to judge) becomes null."""
    write_text(path, json.dumps(_plain(scores), indent=2) + "\n")


def read_scores(path: str | Path) -> dict[str, Any]:
    """Read what `write_scores` wrote; null becomes NaN again. Raises DanceItError if the file holds no scores."""
    try:
        scores = json.loads(Path(path).read_text(encoding="utf-8"), object_hook=_with_nan)
        if not isinstance(scores, dict):
            raise TypeError(f"it holds a {type(scores).__name__}")
    except DAMAGE as error:
        raise DanceItError(f"{path} holds no scores ({one_line(error)}); delete it and run again") from error
    return scores


def read_benchmarks(folder: str | Path) -> dict[str, float]:
    """Total seconds of each rule's jobs, from snakemake's benchmark files `<folder>/<rule>/**.tsv`."""
    seconds = {}
    for rule in sorted(path for path in Path(folder).glob("*") if path.is_dir()):
        rows = [line for file in rule.rglob("*.tsv") for line in file.read_text().splitlines()[1:]]
        if rows:
            seconds[rule.name] = sum(float(row.split("\t")[0]) for row in rows)
    return seconds


def summary_page(
    scores: Mapping[str, Any],
    *,
    video: str,
    sheet: str,
    statistics: str,
    dances: pd.DataFrame,
    benchmarks: Mapping[str, float],
) -> str:
    """The page in Markdown: the video's path, its quality, its source dances, the seconds that each rule took.

    video, sheet, statistics: the paths that the page names; dances: the table of `database_statistics` at `statistics`.
    """
    made = scores["video"]
    return "\n".join(
        [
            f"# {video}",
            "",
            f"{made['width']} x {made['height']} pixels, {made['fps']:g} frames per second; "
            f"{made['frames']} frames, {made['seconds']:.2f} s (the song: {made['song_seconds']:.2f} s). "
            f"Contact sheet: {sheet}.",
            "",
            f"Source dances: {describe_total(dances)} ({statistics}).",
            "",
            *(f"- left out: {reason}" for reason in dances["refused"] if reason),
            *[""] * bool((dances["refused"] != "").any()),
            *(f"{line[0].upper()}{line[1:]}.\n" for line in form_lines(scores)),
            *(f"Note: {remark}.\n" for remark in scores.get("remarks", [])),
            "| what | value | chance |",
            "|---|---|---|",
            *(f"| {what} | {value} | {chance} |" for what, value, chance in score_rows(scores)),
            "",
            "| rule | seconds |",
            "|---|---|",
            *(f"| {rule} | {seconds:.0f} |" for rule, seconds in benchmarks.items()),
            "",
        ]
    )


def score_rows(scores: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The scores as text, one row each: name, value, chance ("" where there is none)."""
    made, pose, beats, motion = scores["video"], scores["pose"], scores["beats"], scores["motion"]
    rows = []
    for key in (key for key in beats if key.startswith("s_ba")):
        _, _, kind, tolerance = key.split("_")
        name = f"S_BA: speed {kind}imum {off_by(int(tolerance), beats['frame_ms'])}"
        for what, of in ((f"{name}, in the video", beats), ("the same for the planned poses", scores["beats_asked"])):
            rows.append((what, f"{of[key]:.1%}", f"{of[f'chance_{key}']:.1%}"))
    rows += [
        ("frames with a detectable person", f"{pose['detected_share']:.1%}", ""),
        ("joints found at their planned places (PCK)", f"{pose['pck']:.1%}", ""),
        ("mean joint error", f"{pose['mean_error_px']:.1f} px of {max(made['width'], made['height'])}", ""),
        ("frames in a pose that the person's video never shows", f"{pose['unseen_poses']:.1%}", ""),
        ("frames with a joint outside the picture", f"{pose['outside_picture']:.1%}", ""),
        ("joints outside the picture", f"{pose['outside_joints']:.1%}", ""),
        ("frames with fewer joints than the person's video shows", f"{pose['missing_joints']:.1%}", ""),
    ]
    rows += _paintable_rows(scores.get("paintable"))
    rows += [
        ("jerk, mean", f"{motion['jerk_mean']:.0f} torsos/s³", ""),
        ("speed, mean", f"{motion['mean_speed']:.2f} torsos/s", ""),
        ("longest standstill", f"{motion['frozen_longest_s']:.2f} s", ""),
        *_switch_rows(scores.get("switches")),
    ]
    if "identity" in scores:
        rows.append(_identity_row(scores["identity"]))
    return [(what, _known(value), _known(chance)) for what, value, chance in rows]


def off_by(tolerance: int, frame_ms: float) -> str:
    """A tolerance as text: half a frame more than its number (`motion_beats.within`)."""
    frames = {0: "in the beat's frame", 1: "at most 1 frame off"}.get(tolerance, f"at most {tolerance} frames off")
    return f"{frames} ({(tolerance + 0.5) * frame_ms:.0f} ms)"


def _paintable_rows(chosen: Mapping[str, float] | None) -> list[tuple[str, str, str]]:
    """The painting cost of the dance, and what it changed in the choice (`choreography.paintable.compare_plans`)."""
    if chosen is None:
        return []
    name = "distance of the dance's poses from the targets' own (without the painting cost)"
    return [
        (name, f"{chosen['cost']:.2f} ({chosen['cost_without']:.2f})", ""),
        ("fragments changed by the painting cost", f"{chosen['changed']:.0f} of {chosen['clips']:.0f}", ""),
    ]


def _known(cell: str) -> str:
    return "none" if "nan" in cell else cell


def _identity_row(identity: Mapping[str, float]) -> tuple[str, str, str]:
    own = f"{identity['identity_distance']:.2f} ({identity['identity_distance_own']:.2f})"
    return "distance of the painted faces from the person's own (of those from one another)", own, ""


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else float(value)
    return value.item() if isinstance(value, np.generic) else value


def _with_nan(entries: dict[str, Any]) -> dict[str, Any]:
    return {key: np.nan if value is None else value for key, value in entries.items()}


def _switch_rows(switches: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    """How visible switches of a part between source frames are; no row if there are none."""
    if not switches or not switches["switches"]:
        return []
    what = (
        "change where a part switches to another frame of the person's video, relative to the usual change (1: not "
        "visible; 95 % interval)"
    )
    low, high = switches["switch_low"], switches["switch_high"]
    return [(what, f"{switches['switch_ratio']:.2f} ({low:.2f} to {high:.2f})", "")]
