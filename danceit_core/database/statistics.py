"""Statistics of the database (paper Fig. 5): tempo of each music, turns of each dancer, hours, dropped frames.

A turn goes from facing the camera to facing away or back; a full spin counts as two. Turns are counted from joints in
space if the detector provides them, else from the order of the shoulders in the picture (`pose.facing`).
"""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from danceit_core.database.bars import find_bars
from danceit_core.database.measure import hash_sound
from danceit_core.database.split import settle_groups
from danceit_core.errors import DatabaseError
from danceit_core.files import whole_file, write_text
from danceit_core.music.table import MusicTable
from danceit_core.pose.facing import NOBODY, Facing, measure_facing
from danceit_core.pose.passages import kept_frames, shot_numbers
from danceit_core.pose.table import PoseTable
from danceit_core.pose.tracks import dance_name, split_tracks
from danceit_core.tables import DAMAGE, one_line

log = logging.getLogger(__name__)

COLUMNS = (
    "video", "frames", "hours", "dropped_share", "silent", "tempo_bpm", "turns", "turns_per_minute", "facing_share",
    "away_share", "facing_by", "reasons", "source_path", "source_sha256", "refused", "track", "group", "meter", "bars",
)  # fmt: skip
# Number of names in a message about videos that are the same file.
MOST_NAMES = 5
# If one song belongs to more of the dance than this, the matcher learns little about music.
MOST_OF_ONE_SONG = 0.5
# Maximum number of bars that are still readable.
MOST_BARS = 16


def database_statistics(
    videos: Iterable[tuple[str, PoseTable, MusicTable]], *, groups: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """One row per dance: for each video (name, cleaned table, music table), or for each of its dancers if several.

    Only one video is held in memory at a time. groups: groups of the songs, as far as the videos table gives them.

    Columns: `video`, `frames`, `hours`, `dropped_share` (0..1), `silent` (the matcher does not learn from it),
    `tempo_bpm` (NaN without beats), `turns`, `turns_per_minute` of the kept frames, `facing_share` and `away_share`
    (0..1, of the frames with a known facing direction: within 45 degrees of the camera, or of the opposite direction),
    `facing_by` (the source of that: `depth` or `shoulders`, empty if unknown, with NaN in the numbers), `reasons`
    (share of the frames by reason code, as text), `source_path`, `source_sha256`, `refused` (why it is left out),
    `track` (the dancer in the video, -1 if there is only one), `group` (of the song, see `split`), `meter` (beats per
    bar of the music, 0: unknown), `bars` (its number of regular bars, from which fragments in counts are cut).
    """
    rows: list[dict[str, Any]] = []
    sounds: dict[str, str] = {}
    dances = ((video, track, music) for video, table, music in videos for track in split_tracks(table))
    for video, track, music in dances:
        pose = track.pose
        kept = kept_frames(pose)
        refused = str(pose.metadata.get("refused") or music.refused)
        if video not in sounds:
            sounds[video] = "" if refused or music.silent else hash_sound(music)
        source = pose.metadata.get("source") or {}
        facing = facing_of(pose)
        rows.append(
            {
                "video": video,
                "frames": len(pose),
                "hours": len(pose) / pose.fps / 3600,
                "dropped_share": float(1 - kept.mean()) if len(kept) else 0.0,
                "silent": music.silent,
                "tempo_bpm": music.beats.tempo_bpm or np.nan,
                "turns": facing.turns,
                "turns_per_minute": facing.turns / kept.sum() * pose.fps * 60 if kept.any() else np.nan,
                "facing_share": facing.towards / facing.frames if facing.frames else np.nan,
                "away_share": facing.away / facing.frames if facing.frames else np.nan,
                "facing_by": facing.by,
                "reasons": _reason_shares(pose),
                "source_path": str(source.get("path", "")),
                "source_sha256": str(source.get("sha256", "")),
                "refused": refused,
                "track": -1 if track.number is None else track.number,
                "meter": music.beats.meter,
                "bars": len(find_bars(music.beats.times_s, music.beats.place)),
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    settled = settle_groups({video: (groups or {}).get(video, "") for video in sounds}, sounds)
    table["group"] = table["video"].map(settled).astype(str)
    return table


def facing_of(pose: PoseTable) -> Facing:
    """Which way the dancer of a cleaned table faces in the kept frames; a camera cut does not count as a turn."""
    world, kept, shots = pose.columns.get("world"), kept_frames(pose), shot_numbers(pose)
    total = NOBODY
    for shot in np.unique(shots[kept]):
        chosen = kept & (shots == shot)
        there = None if world is None else world[chosen]
        total += measure_facing(pose.keypoints[chosen], fps=pose.fps, world=there)
    return total


def check_dances(statistics: pd.DataFrame, *, strict: bool) -> None:
    """Raise DatabaseError naming every dance that is left out: if `strict`, or if no dance remains.

    Otherwise warns about them. Also warns about videos that are the same file, and about one song for most of a dance.
    """
    videos = statistics.drop_duplicates("video")  # the dancers of a video are left out together
    refused = videos[videos["refused"] != ""]
    listed = "; ".join(refused["refused"])
    if len(refused) == len(videos):
        raise DatabaseError(f"none of the {len(videos)} dances can be used: {listed}")
    if len(refused) and strict:
        raise DatabaseError(f"{len(refused)} of {len(videos)} dances cannot be used and `strict` is set: {listed}")
    for reason in refused["refused"]:
        log.warning("left out: %s", reason)
    known = videos[videos["source_sha256"] != ""]
    for _, same in known.groupby("source_sha256"):
        if len(same) > 1:
            more = f" and {len(same) - MOST_NAMES} more" if len(same) > MOST_NAMES else ""
            names = ", ".join(same["video"][:MOST_NAMES]) + more
            log.warning("%s are the same file; list it once, or its moves count twice", names)
    if told := describe_most_danced(statistics):
        log.warning("%s", told)
    log.info("%s", describe_total(statistics))


def describe_most_danced(statistics: pd.DataFrame) -> str:
    """One line about the song that most of the dance with sound belongs to; "" if there is none, or only one dance.

    A matcher also learns from sounds that do not belong to a dance, of which one song has hardly any.
    """
    heard = statistics[~statistics["silent"].astype(bool) & (statistics["refused"] == "")]
    frames = heard.groupby("group")["frames"].sum()
    if not frames.sum():
        return ""
    group, share = str(frames.idxmax()), float(frames.max() / frames.sum())
    videos = heard[heard["group"] == group]["video"].unique()
    # Of two songs, one is always the longer.
    if share <= MOST_OF_ONE_SONG or (len(videos) == 1 and heard["video"].nunique() < 3):
        return ""
    named = ", ".join(videos[:3]) + (" ..." if len(videos) > 3 else "")
    return (
        f"{share:.0%} of the dance with sound is to one song ({named}; column `group` {group!r}), from which the "
        "matcher learns little about music: add dances to other songs"
    )


def describe_total(statistics: pd.DataFrame) -> str:
    """The size of the database, in one line (the paper: 9 hours, about 10 % of the frames dropped)."""
    frames = statistics["frames"].sum()
    share = float(np.average(statistics["dropped_share"], weights=statistics["frames"])) if frames else 0.0
    videos = statistics.drop_duplicates("video") if "track" in statistics else statistics
    left_out, silent = int((videos["refused"] != "").sum()), int(videos["silent"].sum())
    hours = float(statistics["hours"].sum())
    length = f"{hours:.2f} h" if hours >= 1 else f"{60 * hours:.1f} min"
    dancers = f" with {len(statistics)} dancers" if len(statistics) > len(videos) else ""
    total = f"videos: {len(videos)}{dancers}, {length}, {100 * share:.1f} % of frames dropped"
    total += f", {silent} without sound" if silent else ""
    if "bars" in videos:
        total += f", bars known in {int((videos['bars'] > 0).sum())}"
    return total + (f", {left_out} left out" if left_out else "")


def write_statistics(path: str | Path, statistics: pd.DataFrame) -> None:
    """Write the table as tab-separated text."""
    write_text(path, statistics.to_csv(sep="\t", index=False, float_format="%.4g"))


def read_statistics(path: str | Path) -> pd.DataFrame:
    """Read what `write_statistics` wrote; an empty text cell is an empty text. Raises DatabaseError."""
    text = ("video", "facing_by", "reasons", "source_path", "source_sha256", "refused", "group")
    kinds: dict[str, type] = dict.fromkeys(COLUMNS, float) | dict.fromkeys(text, str)
    kinds |= {"silent": bool, "track": int, "meter": int, "bars": int}
    counts = ["frames", "hours", "dropped_share", "turns"]
    try:
        table = pd.read_csv(path, sep="\t", dtype=kinds).fillna(dict.fromkeys(text, ""))
        if tuple(table.columns) != COLUMNS:
            raise ValueError(f"its columns are {', '.join(table.columns)}")
        numbers = table[counts].to_numpy(np.float64)
        if not (np.isfinite(numbers) & (numbers >= 0)).all():
            raise ValueError("it holds a number that is impossible for a video")
    except DAMAGE as error:
        raise DatabaseError(
            f"{path} is not a table of statistics ({one_line(error)}); delete it and run describe_dances"
        ) from error
    return table


def _reason_shares(pose: PoseTable) -> str:
    """Reason codes with their share of the frames, the greatest first: `no_feet 3.1%, jump 0.4%`."""
    reasons = pose.columns.get("reason")
    if reasons is None or not len(reasons):
        return ""
    codes, counts = np.unique(np.asarray(reasons, str), return_counts=True)
    shares = {code: count / len(reasons) for code, count in zip(codes, counts, strict=True) if code}
    return ", ".join(f"{code} {share:.1%}" for code, share in sorted(shares.items(), key=lambda entry: -entry[1]))


def draw_statistics(statistics: pd.DataFrame, path: str | Path) -> None:
    """Draw a PNG with the kept share of each video and both histograms of Fig. 5: tempo of the music and turns."""
    figure = Figure(figsize=(13, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _draw_kept(left, statistics)
    tempi = statistics["tempo_bpm"].dropna().clip(50, 219)  # values beyond are counted in the outermost bars
    middle.hist(tempi, bins=np.arange(50, 221, 10).tolist(), color="#4472a8", edgecolor="white")
    middle.set(xlabel="tempo of the music (beats per minute)", ylabel="videos", title="Tempo")
    turns = statistics["turns"]
    most = int(turns.max()) if len(turns) else 0
    width = max(1, -(-(most + 1) // 20))
    right.hist(turns, bins=np.arange(-0.5, most + width + 0.5, width).tolist(), color="#c9803a", edgecolor="white")
    right.set(xlabel="turns in the video", ylabel="videos", title="Turns")
    for axes in (middle, right):
        axes.yaxis.get_major_locator().set_params(integer=True)
    for axes in (left, middle, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(describe_total(statistics))
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=110, format="png")


def _draw_kept(axes: Axes, statistics: pd.DataFrame) -> None:
    """Draw one bar per video or, if these would be too many to read, a histogram of the kept shares."""
    kept = 1 - statistics["dropped_share"]
    if len(statistics) > MOST_BARS:
        axes.hist(100 * kept, bins=np.arange(0, 101, 5).tolist(), color="#8fbf9f", edgecolor="white")
        axes.set(xlabel="frames kept (%)", ylabel="videos", title="Kept")
        return
    named = zip(statistics["video"], statistics["track"], strict=True)
    dances = [dance_name(video, None if track < 0 else int(track)) for video, track in named]
    short = [name if len(name) <= 20 else f"{name[:9]}…{name[-10:]}" for name in dances]
    names = [
        f"{name}\n(no sound)" if silent else name for name, silent in zip(short, statistics["silent"], strict=True)
    ]
    scale, unit = (60, "minutes") if statistics["hours"].max() > 0.05 else (3600, "seconds")
    length, rows = scale * statistics["hours"], np.arange(len(statistics))
    axes.barh(rows, length * kept, color="#8fbf9f")
    axes.barh(rows, length * (1 - kept), left=length * kept, color="#c3c8cf")
    axes.set_yticks(rows, names)
    axes.invert_yaxis()
    axes.set(xlabel=f"{unit} (grey: dropped)", title="Kept")
