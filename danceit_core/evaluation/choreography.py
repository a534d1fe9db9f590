"""The tables of the choreography (paper V): dances of each variant, scored beside the real ones.

Rows: real dances; random retrieval with each way to treat seams; the paper's variants for each length of fragment; the
default for each length, with other seams, and at each strength of the warp; the default heard with another song
("shuffled music"). Songs without a matcher's features (beat grids) are matched at random, seeded. The paper's own
figures stand in columns of their own: its data and bins are not known, so they do not compare.

Intervals are by song, see `paired`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danceit_core.choreography.align import Source
from danceit_core.choreography.library import Library
from danceit_core.choreography.retrieve import Matches
from danceit_core.config import RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.evaluation.beats import beat_scores
from danceit_core.evaluation.motion import moving_distribution
from danceit_core.evaluation.paired import INTERVALS, add_intervals
from danceit_core.evaluation.scorecard import Yardstick, measure_real, score_beats, score_motion, score_real
from danceit_core.evaluation.trial import Song, Trial, Variant, dances_of, make_trial, random_matches
from danceit_core.pose.skeleton import FEET, HANDS, Keypoints

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
TEMPO_EDGES = (0, 80, 100, 120, 140, 300)
SEAMS = ("none", "linear", "tsd", "crossfade")
# The rows that others are compared with.
REAL, DEFAULT = "real dances", "default"
# The paper's temporal alignment as printed and as its text says (`choreography.temporal`): variants and names of rows.
PAPER_ROWS = {"paper": "paper", "paper_retimed": "paper, retimed"}
# Table I of the paper: S_BA (per cent), MDD of hands and feet, SDD of hands and feet; by length of fragments.
PAPER_TABLE_1 = {
    "2 s": (76.25, 6.23, 5.67, 6.81, 5.99),
    "3 s": (67.93, 5.84, 5.22, 6.98, 6.07),
    "4 s": (78.80, 5.63, 5.17, 6.67, 5.97),
}
# Table II of the paper: hands, its own method, per cent.
PAPER_TABLE_2 = (95.66, 4.25, 0.09, 0.0008, 0.0)


@dataclass(frozen=True)
class Stage:
    """The fragments of one length, and for each song (by name) what the matcher found; other songs match at random."""

    library: Library
    matches: Mapping[str, Matches]


@dataclass(frozen=True)
class Row:
    """One row of the tables: dances and the songs they are scored with; trials is empty for real dances."""

    name: str
    dances: Sequence[Keypoints]
    songs: Sequence[Song]
    trials: Sequence[Trial] = ()


def variants(
    lengths: Sequence[float], retrieval: RetrievalSettings, spatial: SpatialSettings, temporal: TemporalSettings
) -> list[tuple[Variant, bool]]:
    """Every variant that is danced, and whether it has the matcher's choice."""
    still, hits = replace(temporal, variant="none"), replace(temporal, beat_kind="max", strength=1.0)
    argmin = replace(retrieval, variant="argmin")
    rows = [
        (Variant(f"random, {s}", argmin, replace(spatial, variant=s, foot_lock=False), still), False) for s in SEAMS
    ]
    rows.append((Variant("random, default alignment", argmin, spatial, temporal), False))
    for seconds in lengths:
        of_length = replace(argmin, fragment_s=seconds)
        seam = replace(spatial, variant="tsd", foot_lock=False)
        for variant, name in PAPER_ROWS.items():
            rows.append((Variant(f"{name}, {seconds:g} s", of_length, seam, replace(hits, variant=variant)), True))
    rows += [
        (Variant(f"default, seams {s}", retrieval, replace(spatial, variant=s), temporal), True) for s in SEAMS[:3]
    ]
    rows += [(Variant(f"default, {s:g} s", replace(retrieval, fragment_s=s), spatial, temporal), True) for s in lengths]
    rows.append((Variant("default, maxima, strength 1", retrieval, spatial, hits), True))
    rows += [
        (Variant(f"default, strength {s:g}", retrieval, spatial, replace(temporal, strength=s)), True)
        for s in STRENGTHS
    ]
    rows.append((Variant("default, not locked", retrieval, replace(spatial, foot_lock=False), temporal), True))
    return [*rows, (Variant(DEFAULT, retrieval, spatial, temporal), True)]


def dance_row(
    variant: Variant,
    stages: Mapping[float, Stage],
    songs: Sequence[Song],
    sources: Mapping[str, Source],
    *,
    matched: bool,
    fps: float,
    seed: int,
) -> Row:
    """The dances of one variant to all songs. matched: whether the matcher chooses; otherwise chance does."""
    stage = stages[variant.retrieval.fragment_s]
    trials = []
    for song in songs:
        known = matched and song.name in stage.matches
        matches = stage.matches[song.name] if known else random_matches(stage.library, song, fps=fps, seed=seed)
        trials.append(make_trial(song, stage.library, sources, matches, variant=variant, fps=fps, seed=seed))
    return Row(variant.name, dances_of(trials), songs, trials)


def real_row(real_dances: Sequence[tuple[Keypoints, Song]]) -> Row:
    """The real dances whose music has beats."""
    heard = [(dance, song) for dance, song in real_dances if len(song.beats_s) > 1]
    return Row(REAL, [dance for dance, _ in heard], [song for _, song in heard])


def shuffled(row: Row, *, fps: float) -> Row:
    """The same dances with the beats of another song each, the next in the list; as far as both last."""
    others = [*row.songs[1:], *row.songs[:1]]
    pairs = [(dance[: song.frames], song) for dance, song in zip(row.dances, others, strict=True)]
    kept = [(dance, replace(song, beats_s=song.beats_s[song.beats_s < len(dance) / fps])) for dance, song in pairs]
    return Row("shuffled music", [dance for dance, _ in kept], [song for _, song in kept])


def score_row(row: Row, sources: Mapping[str, Source], real: Yardstick, *, fps: float, seed: int) -> dict[str, float]:
    """All scores of one row, without intervals."""
    scores = score_beats(row.dances, row.songs, fps=fps, seed=seed)
    if row.trials:
        scores |= score_motion(row.trials, sources, real, fps=fps)
    for group, joints in (("hands", HANDS), ("feet", FEET)):
        shares = [moving_distribution(dance, joints) for dance in row.dances]
        scores |= {f"{group}_{step}": float(np.mean([share[step] for share in shares])) for step in shares[0]}
    return scores


def score_songs(row: Row, *, fps: float, seed: int) -> NDArray[np.float64]:
    """The scores in INTERVALS of each dance of a row, (S, len(INTERVALS)), NaN where a song has no beats."""
    pairs = zip(row.dances, row.songs, strict=True)
    each = [beat_scores(dance, song.beats_s, fps=fps, rng=np.random.default_rng(seed)) for dance, song in pairs]
    return np.array([[one[name] for name in INTERVALS] for one in each])


def score_variants(
    stages: Mapping[float, Stage],
    songs: Sequence[Song],
    sources: Mapping[str, Source],
    real_dances: Sequence[tuple[Keypoints, Song]],
    *,
    retrieval: RetrievalSettings,
    spatial: SpatialSettings,
    temporal: TemporalSettings,
    fps: float,
    seed: int,
    only: Collection[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores of every row (index: its name) and the table of tempi.

    stages: by length of fragment in seconds, that of `retrieval` among them. sources: the videos that the fragments are
    of. real_dances: the yardstick, with the music of each. only: names of the variants to dance, besides the real
    dances; none: all. Raises ChoreographyError without a real dance.
    """
    if not real_dances:
        raise ChoreographyError("no real dance to compare with; a passage of 2 s or more of one video is needed")
    real = measure_real([dance for dance, _ in real_dances], fps=fps, rng=np.random.default_rng(seed))
    rows = [real_row(real_dances)]
    for variant, matched in variants(sorted(stages), retrieval, spatial, temporal):
        if not only or variant.name in only:
            rows.append(dance_row(variant, stages, songs, sources, matched=matched, fps=fps, seed=seed))
    if not only:
        rows.append(shuffled(rows[-1], fps=fps))
    rows = [row for row in rows if row.dances]
    papers = [f"{name}, {retrieval.fragment_s:g} s" for name in PAPER_ROWS.values()]
    by_tempo = (REAL, *papers, "random, default alignment", DEFAULT, "default, maxima, strength 1")
    chosen = [row for row in rows if row.name in by_tempo]
    return score_rows(rows, sources, real, fps=fps, seed=seed), tempo_table(chosen, fps=fps, seed=seed)


def score_rows(
    rows: Sequence[Row], sources: Mapping[str, Source], real: Yardstick, *, fps: float, seed: int
) -> pd.DataFrame:
    """The scores of rows that hold dances (index: their names), with intervals (`paired.add_intervals`)."""
    scores = {row.name: score_row(row, sources, real, fps=fps, seed=seed) for row in rows}
    songs = {row.name: score_songs(row, fps=fps, seed=seed) for row in rows}
    add_intervals(scores, songs, reference=DEFAULT, unpaired=(REAL,), seed=seed)
    if REAL in scores:
        scores[REAL] |= score_real(real, fps=fps)
    return pd.DataFrame.from_dict(scores, orient="index")


def tempo_table(rows: Sequence[Row], *, fps: float, seed: int) -> pd.DataFrame:
    """S_BA by tempo (Fig. 8): one line a row and group of tempi, both kinds of motion beat."""
    lines = []
    for row in rows:
        group = np.digitize([song.tempo_bpm for song in row.songs], TEMPO_EDGES)
        for number in np.unique(group):
            chosen = np.flatnonzero(group == number).tolist()
            scores = score_beats([row.dances[k] for k in chosen], [row.songs[k] for k in chosen], fps=fps, seed=seed)
            name = f"{TEMPO_EDGES[number - 1]:g}-{TEMPO_EDGES[min(number, len(TEMPO_EDGES) - 1)]:g}"
            kept = {key: scores[key] for key in ("s_ba_max_0", "s_ba_min_0", "s_ba_min_1", "beat_align_music")}
            lines.append({"row": row.name, "tempo_bpm": name, "songs": len(chosen), **kept})
    return pd.DataFrame(lines)


def table_1(scores: pd.DataFrame) -> pd.DataFrame:
    """Table I: S_BA and Eq. 18, ours and the paper's. Ours: nats, 1 px bins at a body of 300 px."""
    table = pd.DataFrame(index=scores.index)
    table["S_BA %"] = 100 * scores["s_ba_max_0"]
    for name, key in (("MDD-H", "mdd_hands"), ("MDD-F", "mdd_feet"), ("SDD-H", "sdd_hands"), ("SDD-F", "sdd_feet")):
        table[name] = scores[key]
    printed = {f"{name}, {length}": row for name in PAPER_ROWS.values() for length, row in PAPER_TABLE_1.items()}
    paper = pd.DataFrame.from_dict(printed, orient="index", columns=list(table)).reindex(table.index)
    return table.join(paper.add_suffix(" (paper, not comparable)"))


def table_2(scores: pd.DataFrame) -> pd.DataFrame:
    """Table II: per cent of steps of hands and feet in each bin, the paper's beside its own method."""
    steps = [
        name
        for name in map(str, scores)
        if name.startswith(("hands_0", "hands_2", "hands_4", "hands_6", "hands_8", "feet_"))
    ]
    table = 100 * scores[steps]
    rows = [str(name).startswith("paper") for name in table.index]
    for step, share in zip([s for s in steps if s.startswith("hands")], PAPER_TABLE_2, strict=True):
        table[f"{step} (paper, not comparable)"] = np.where(rows, share, np.nan)
    return table
