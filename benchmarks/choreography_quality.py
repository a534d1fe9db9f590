"""Rhythm, naturalness, form and distances of generated dances for beat grids and songs, compared with real dances.

    python benchmarks/choreography_quality.py aistpp_pop.npz --half test --music tang2018/DANCE_C_*.ogg
    python benchmarks/choreography_quality.py aistpp_pop.npz --rows default "paper, 2 s" "paper, retimed, 2 s"
    python benchmarks/choreography_quality.py --ballroom ballroom --seconds 40

It prints the tables of `snakemake -- results/evaluation/choreography` (`evaluation.choreography`), all or some rows of
them; --each-song adds those of single songs. There is no matcher: matches are random with a fixed seed, so that the
choice depends only on movement, beats and bars.

The .npz holds arrays (T, 25, 3) of BODY_25 keypoints at 24 frames per second, named as in AIST++ (mPO3: 110 beats per
minute). Every second dance by name is for tuning, the others for testing. A half serves both as the pose library and as
the real reference; distances are from the other half. These dances have no sound: their bars are unknown, and real ones
are scored on the grid of their own tempo from their first frame. They dance to beat grids (bars of four, sections of
four bars that alternate) and to --music.

--ballroom: a folder of real dances with their music, NAME.npz beside NAME.ogg (`benchmarks/choreographers.py`). Every
second dance by name is the library, with the beats of its annotation and bars where most of its movements begin; it
dances to the songs of the others, as analysed by `music.analyse`. No song therefore has its own dance in the library.
"""

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from danceit_core.choreography.align import Source
from danceit_core.config import MusicSettings, RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.evaluation.choreographers import most_bars
from danceit_core.evaluation.choreography import DEFAULT, REAL, Stage, score_variants
from danceit_core.evaluation.choreography_page import main_tables, write_page
from danceit_core.evaluation.markdown import markdown
from danceit_core.evaluation.trial import Song, beat_grid, cut_beats, library_in_counts, library_of, song_of
from danceit_core.music.table import Beats
from danceit_core.music.track import analyse_song
from danceit_core.pose.skeleton import Keypoints

FPS, HOP_S, FRAGMENT_S = 24.0, 0.5, 2.0
TEMPI = (60, 75, 90, 105, 120, 135, 150, 180)
# The rows that the documentation shows: real dances, chance, the paper, the default in seconds and in counts.
ROWS = ("random, crossfade", "random, default alignment", "paper, 2 s", "paper, retimed, 2 s", "default, 2 s",
        "default, recall 0", "default, recall 1", "default, mirrored too", "default, strength 1", DEFAULT)  # fmt: skip


@dataclass(frozen=True)
class Material:
    """Dances by name with their beats, real dances to measure distances from, and songs."""

    dances: dict[str, Keypoints]
    heard: dict[str, Beats]
    others: list[Keypoints]
    songs: list[Song]
    about: str


def tempo_of(name: str) -> float:
    found = re.search(r"mPO(\d)", name)
    return 80.0 + 10 * int(found.group(1)) if found else float("nan")


def hear(path: Path, *, seconds: float, weights: Path) -> Song:
    music = analyse_song(path, settings=MusicSettings(), fps=FPS, fragment_s=FRAGMENT_S, weights=weights)
    return song_of(path.stem, music, seconds=seconds)


def of_archive(args: argparse.Namespace) -> Material:
    """Half of the dances of an archive; only the tempo of their music is known."""
    with np.load(args.library) as archive:
        names = sorted(archive.files)
        both = [{name: archive[name].astype(np.float32) for name in names[side::2]} for side in (0, 1)]
    own, others = both if args.half == "tune" else both[::-1]
    heard = {name: Beats(np.zeros(0), tempo_of(name)) for name in own}
    songs = [beat_grid(tempo, seconds=args.seconds, fps=FPS) for tempo in args.tempi]
    songs += [hear(path, seconds=args.seconds, weights=args.networks) for path in args.music]
    about = f"{args.library.name}, {args.half} half: {len(own)} dances"
    return Material(own, heard, list(others.values()), songs, about)


def of_ballroom(args: argparse.Namespace) -> Material:
    """Half of the dances of a folder with their music, and the songs of the others."""
    paths = sorted(args.ballroom.glob("*.npz"))
    dances, heard = {}, {}
    for path in paths[::2]:
        with np.load(path) as dance:
            meter = 3 if path.stem.startswith("W") else 4
            dances[path.stem] = dance["keypoints"].astype(np.float32)
            heard[path.stem] = most_bars(dance["borders_s"], dance["beats_s"], meter=meter, fps=FPS)
    others = []
    for path in paths[1::2]:
        with np.load(path) as dance:
            others.append(dance["keypoints"].astype(np.float32))
    chosen = paths[1::2][: args.songs]
    songs = [hear(path.with_suffix(".ogg"), seconds=args.seconds, weights=args.networks) for path in chosen]
    return Material(dances, heard, others, songs, f"{args.ballroom.name}: {len(dances)} dances")


def real_songs(material: Material) -> list[tuple[Keypoints, Song]]:
    """The real dances, each with the beats of its own music: annotated, or those of its tempo from its first frame."""
    out = []
    for name, dance in material.dances.items():
        beats = material.heard[name]
        if not len(beats.times_s):
            interval_s = 60 / beats.tempo_bpm
            beats = Beats(np.arange(interval_s, len(dance) / FPS, interval_s), beats.tempo_bpm)
        beats = cut_beats(beats, end_s=len(dance) / FPS)
        out.append((dance, Song(name, len(dance), beats.times_s, beats.tempo_bpm, np.zeros(0, np.float32), beats.place,
                                beats.meter)))  # fmt: skip
    return out


def score(material: Material, songs: list[Song], *, rows: list[str], seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores of some rows (if empty, of all) and the table of tempi."""
    sources = {name: Source(dance, dance[..., 2].any(1)) for name, dance in material.dances.items()}
    tempi = {name: beats.tempo_bpm for name, beats in material.heard.items()}
    lengths = [FRAGMENT_S] if rows and not any(row.endswith((" 1 s", " 3 s", " 4 s")) for row in rows) else [1, 2, 3, 4]
    stages: Mapping[float, Stage] = {
        s: Stage(library_of(sources, seconds=s, hop_s=HOP_S, fps=FPS, tempo_bpm=tempi), {}) for s in lengths
    }
    return score_variants(
        stages, songs, sources, real_songs(material),
        counts=Stage(library_in_counts(sources, fps=FPS, heard=material.heard), {}), heard=material.heard,
        others=material.others, retrieval=RetrievalSettings(fragment_s=FRAGMENT_S), spatial=SpatialSettings(),
        temporal=TemporalSettings(), fps=FPS, seed=seed, only=rows,
    )  # fmt: skip


def show(scores: pd.DataFrame) -> None:
    for title, table in main_tables(scores).items():
        print(f"{title}\n\n{markdown(table)}\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, nargs="?", help=".npz of real dances")
    parser.add_argument("--half", choices=("tune", "test"), default="test", help="which half of the dances")
    parser.add_argument("--ballroom", type=Path, metavar="FOLDER", help="use real dances with their music instead")
    parser.add_argument("--music", type=Path, nargs="*", default=[], help="further sound files to dance to")
    parser.add_argument(
        "--tempi", type=float, nargs="*", default=TEMPI, help="tempi of the beat grids, beats per minute"
    )
    parser.add_argument("--songs", type=int, default=12, help="number of songs of the ballroom dances (default 12)")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each song")
    parser.add_argument("--rows", nargs="*", default=list(ROWS), metavar="NAME", help="rows of the tables; none: all")
    parser.add_argument("--each-song", metavar="NAME", help="also print this row for single songs")
    parser.add_argument("--page", type=Path, help="folder: also write the evaluation's page of all tables there")
    parser.add_argument(
        "--networks", type=Path, default=Path("resources/beats/beat_networks.zip"), help="weights of the beat networks"
    )
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if (args.library is None) == (args.ballroom is None):
        parser.error("give either an .npz of dances or --ballroom FOLDER")
    material = of_archive(args) if args.ballroom is None else of_ballroom(args)
    about = f"{material.about}; {len(material.songs)} songs of up to {args.seconds:g} s, no matcher."
    print(about)
    for song in material.songs:
        letters = " ".join(part.letter for part in song.sections)
        print(
            f"- {song.name}: {song.tempo_bpm:.1f} beats per minute, meter {song.meter}, sections {letters or 'unknown'}"
        )
    rows = [] if args.page else args.rows
    scores, tempo = score(material, material.songs, rows=rows, seed=args.seed)
    print()
    show(scores)
    if args.page:
        write_page(args.page, scores, tempo=tempo, histories={}, about=about)
    if args.each_song:
        parts = []
        for song in material.songs:
            one, _ = score(material, [song], rows=[args.each_song], seed=args.seed)
            parts.append(one.drop(index=REAL).rename(index={args.each_song: f"{args.each_song}: {song.name}"}))
        show(pd.concat(parts))


if __name__ == "__main__":
    main()
