"""The tables of the choreography (paper V): dances of each variant, with their scores beside those of real dances.

Scores are of rhythm (`beats`), naturalness (`scorecard`), form (`form`, `repeats`) and distance (`distances`).

Rows: real dances; random retrieval with each method for seams; the paper's variants for each length of fragment; the
default for each length in seconds, with other seams, at each strength of the warp, and, if its fragments are in
counts, with movements that never or always recur; the default with the music of another song ("shuffled music"). Songs
without features for the matcher (beat grids) are matched at random, with a fixed seed. The paper's figures are in
separate columns (`paper_tables`): its data and bins are not known, so they are not comparable.

Intervals are by song, see `paired`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from danceit_core.choreography.align import Source
from danceit_core.choreography.library import Library
from danceit_core.choreography.matches import Matches
from danceit_core.config import RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.errors import ChoreographyError
from danceit_core.evaluation.beats import beat_scores
from danceit_core.evaluation.distances import distance_scores, measure_features
from danceit_core.evaluation.form_row import score_forms, song_forms
from danceit_core.evaluation.motion import moving_distribution
from danceit_core.evaluation.paired import INTERVALS, add_intervals
from danceit_core.evaluation.paper_tables import PAPER_ROWS, tempo_table
from danceit_core.evaluation.scorecard import Yardstick, measure_real, score_beats, score_motion, score_real
from danceit_core.evaluation.trial import Song, Trial, Variant, cut_beats, dances_of, make_trial, random_matches
from danceit_core.music.table import Beats
from danceit_core.pose.skeleton import FEET, HANDS, Keypoints

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
SEAMS = ("none", "linear", "tsd", "crossfade")
# The rows that others are compared with.
REAL, DEFAULT = "real dances", "default"


@dataclass(frozen=True)
class Stage:
    """Fragments of one length, or in counts, and the matcher's choice for each song by name; other songs are random."""

    library: Library
    matches: Mapping[str, Matches]


@dataclass(frozen=True)
class Row:
    """One row of the tables: dances and the songs that they are scored with; trials is empty for real dances."""

    name: str
    dances: Sequence[Keypoints]
    songs: Sequence[Song]
    trials: Sequence[Trial] = ()


def variants(
    lengths: Sequence[float],
    retrieval: RetrievalSettings,
    spatial: SpatialSettings,
    temporal: TemporalSettings,
    *,
    in_counts: bool = False,
) -> list[tuple[Variant, bool]]:
    """Every variant, and whether it uses the matcher's choice. in_counts: are the default's fragments in counts?"""
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
    rows += [(Variant(f"default, {s:g} s", replace(retrieval, fragment_s=s), spatial, temporal), True) for s in lengths]
    usual = [Variant(f"default, seams {s}", retrieval, replace(spatial, variant=s), temporal) for s in SEAMS[:3]]
    if in_counts:
        usual += [
            Variant(f"default, recall {share:g}", replace(retrieval, recall=share), spatial, temporal)
            for share in (0.0, 1.0)
        ]
        usual.append(Variant("default, mirrored too", replace(retrieval, mirror=True), spatial, temporal))
    usual.append(Variant("default, maxima, strength 1", retrieval, spatial, hits))
    usual += [Variant(f"default, strength {s:g}", retrieval, spatial, replace(temporal, strength=s)) for s in STRENGTHS]
    usual.append(Variant("default, not locked", retrieval, replace(spatial, foot_lock=False), temporal))
    usual.append(Variant(DEFAULT, retrieval, spatial, temporal))
    return [*rows, *((replace(variant, in_counts=in_counts), True) for variant in usual)]


def dance_row(
    variant: Variant,
    stages: Mapping[float, Stage],
    counts: Stage | None,
    songs: Sequence[Song],
    sources: Mapping[str, Source],
    *,
    matched: bool,
    fps: float,
    seed: int,
) -> Row:
    """The dances of one variant to all songs. matched: whether the matcher chooses; otherwise the choice is random."""
    stage = counts if variant.in_counts and counts is not None else stages[variant.retrieval.fragment_s]
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
    """The same dances, each with the beats of the next song in the list, cut to the shorter of the two."""
    others = [*row.songs[1:], *row.songs[:1]]
    pairs = [(dance[: song.frames], song) for dance, song in zip(row.dances, others, strict=True)]
    cut = [(dance, song, cut_beats(song.beats, end_s=len(dance) / fps)) for dance, song in pairs]
    kept = [(dance, replace(song, beats_s=beats.times_s, place=beats.place)) for dance, song, beats in cut]
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


def score_songs(row: Row, forms: Sequence[Mapping[str, float]], *, fps: float, seed: int) -> NDArray[np.float64]:
    """The scores named in INTERVALS of each dance of a row, (S, len(INTERVALS)), NaN where a score is missing.

    forms: those of each dance, see `form_row.song_forms`.
    """
    each = [
        {**beat_scores(dance, song.beats_s, fps=fps, rng=np.random.default_rng(seed)), **form}
        for dance, song, form in zip(row.dances, row.songs, forms, strict=True)
    ]
    return np.array([[one.get(name, np.nan) for name in INTERVALS] for one in each])


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
    counts: Stage | None = None,
    heard: Mapping[str, Beats] | None = None,
    others: Sequence[Keypoints] = (),
    only: Collection[str] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores of every row (index: its name) and the table of tempi.

    stages: by length of fragment in seconds, including that of `retrieval`. sources: the videos of the fragments.
    real_dances: the reference, each with its music. counts: the fragments in counts that the default uses; None: it
    uses those in seconds. heard: the beats of each dance by its name. others: real dances that the distances are
    measured from; if empty, every second one of the reference. only: names of the variants to score besides the real
    dances; if empty, all. Raises ChoreographyError without a real dance.
    """
    if not real_dances:
        raise ChoreographyError("no real dance to compare with; add a video with a usable passage of at least 2 s")
    real = measure_real([dance for dance, _ in real_dances], fps=fps, rng=np.random.default_rng(seed))
    rows = [real_row(real_dances)]
    for variant, matched in variants(sorted(stages), retrieval, spatial, temporal, in_counts=counts is not None):
        if not only or variant.name in only:
            rows.append(dance_row(variant, stages, counts, songs, sources, matched=matched, fps=fps, seed=seed))
    if not only:
        rows.append(shuffled(rows[-1], fps=fps))
    rows = [row for row in rows if row.dances]
    papers = [f"{name}, {retrieval.fragment_s:g} s" for name in PAPER_ROWS.values()]
    by_tempo = (REAL, *papers, "random, default alignment", DEFAULT, "default, maxima, strength 1")
    chosen = [row for row in rows if row.name in by_tempo]
    scores = score_rows(rows, sources, real, heard=heard or {}, others=others, fps=fps, seed=seed)
    tempi = [(row.name, row.dances, row.songs) for row in chosen]
    return scores, tempo_table(tempi, fps=fps, seed=seed)


def score_rows(
    rows: Sequence[Row],
    sources: Mapping[str, Source],
    real: Yardstick,
    *,
    heard: Mapping[str, Beats],
    others: Sequence[Keypoints],
    fps: float,
    seed: int,
) -> pd.DataFrame:
    """The scores of rows that hold dances (index: their names), with intervals (`paired.add_intervals`).

    heard, others: as in `score_variants`.
    """
    scores, songs = {}, {}
    distances = score_distances(rows, real, others, fps=fps, seed=seed)
    for row in rows:
        forms = song_forms(row.dances, row.songs, row.trials, heard=heard, fps=fps, seed=seed)
        scores[row.name] = score_row(row, sources, real, fps=fps, seed=seed)
        scores[row.name] |= score_forms(forms, row.trials, fps=fps) | distances[row.name]
        songs[row.name] = score_songs(row, forms, fps=fps, seed=seed)
    add_intervals(scores, songs, reference=DEFAULT, unpaired=(REAL,), seed=seed)
    if REAL in scores:
        scores[REAL] |= score_real(real, fps=fps)
    return pd.DataFrame.from_dict(scores, orient="index")


def score_distances(
    rows: Sequence[Row], real: Yardstick, others: Sequence[Keypoints], *, fps: float, seed: int
) -> dict[str, dict[str, float]]:
    """The scores of `distances` of each row by its name, measured on as many pieces as the real dances have, if it can.

    others: as in `score_variants`. The row of the real dances is measured on their other half, or on all of them.
    """
    reference = measure_features(others or real.dances[1::2], fps=fps)
    own = measure_features(real.dances if others else real.dances[::2], fps=fps)
    out = {}
    for row in rows:
        rng = np.random.default_rng(seed)
        found = own if row.name == REAL else measure_features(row.dances, fps=fps, most=len(own), rng=rng)
        out[row.name] = distance_scores(found, reference)
    return out
