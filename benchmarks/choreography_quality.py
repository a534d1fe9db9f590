"""Rhythm and naturalness of generated dances, for beat grids and real songs, beside real dances.

    python benchmarks/choreography_quality.py aistpp_pop.npz --half test --music tang2018/DANCE_C_*.ogg
    python benchmarks/choreography_quality.py aistpp_pop.npz --rows default "paper, 2 s" "paper, retimed, 2 s"

The .npz holds arrays (T, 25, 3) of BODY_25 keypoints at 24 frames a second, named as in AIST++ (mPO3: 110 beats a
minute). Every second dance by name is for tuning, the others for testing: a half is the pose library and the real
yardstick at once. Retrieval has no matcher here: matches are random, seeded. Real dances are scored on the grid of
their own tempo from their first frame. Speed is smoothed by 1.5 frames for BAS and S_BA `smooth`; sigma of BAS is 50
ms.
"""

import argparse
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from danceit_core.choreography.align import Source
from danceit_core.config import MusicSettings, RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.evaluation.choreography import Stage, score_variants
from danceit_core.evaluation.choreography_page import main_tables, write_page
from danceit_core.evaluation.markdown import markdown
from danceit_core.evaluation.paper_tables import PAPER_ROWS
from danceit_core.evaluation.scorecard import measure_real, score_beats, score_motion
from danceit_core.evaluation.trial import Song, Variant, beat_grid, library_of, make_trial, random_matches, song_of
from danceit_core.music.track import analyse_song

FPS, FRAGMENT_S, HOP_S = 24.0, 2.0, 0.5
LENGTHS_S = (1.0, 2.0, 3.0, 4.0)
TEMPI = (60, 75, 90, 105, 120, 135, 150, 180)
COLUMNS = (
    "songs", "S_BA max 0/1/2", "S_BA min 0/1/2", "chance min", "hands min", "smooth min", "BAS music/motion",
    "jerk real/own", "seams over p99", "slide", "speed", "KL hand/foot", "flips", "frozen s", "repeats",
)  # fmt: skip


def variants(strengths: list[float]) -> dict[str, list[Variant]]:
    """The rows: those that are shown by tempo, and those of the table of variants and of strengths."""
    path, fade, warp = RetrievalSettings(), SpatialSettings(), TemporalSettings()
    still, chance = replace(warp, variant="none"), replace(path, variant="argmin")
    papers = [
        Variant(name, chance, replace(fade, variant="tsd"), replace(warp, variant=variant, beat_kind="max"))
        for variant, name in PAPER_ROWS.items()
    ]
    rows = [Variant(f"random / {name}", chance, replace(fade, variant=name), still)
            for name in ("none", "linear", "tsd", "crossfade")]  # fmt: skip
    hit_max = Variant("max, strength 1", path, fade, replace(warp, beat_kind="max", strength=1.0))
    main = [
        Variant("default", path, fade, warp),
        Variant("default, strength 1", path, fade, replace(warp, strength=1.0)),
        hit_max,
    ]
    curve = [Variant(f"default, strength {s:g}", path, fade, replace(warp, strength=s)) for s in strengths]
    return {"tempo": main, "other": [*rows, *papers, *curve]}


def cells(beats: dict[str, float], motion: dict[str, float] | None, *, count: int) -> list[str]:
    def share(key: str) -> str:
        return "/".join(f"{100 * beats[f'{key}_{t}']:.0f}" for t in (0, 1, 2))

    out = [str(count), share("s_ba_max"), share("s_ba_min"), share("chance_s_ba_min"), share("hands_s_ba_min"),
           share("smooth_s_ba_min"), f"{beats['beat_align_music']:.2f}/{beats['beat_align_motion']:.2f}"]  # fmt: skip
    if motion is None:
        return out
    return [
        *out,
        f"{motion['jerk_real']:.2f}/{motion['jerk_own']:.2f}",
        f"{motion['seam_share']:.1%}",
        f"{motion['slide_ratio']:.2f}",
        f"{motion['speed_ratio']:.2f}",
        f"{motion['mdd_hands']:.3f}/{motion['mdd_feet']:.3f}",
        f"{motion['flips']:.0f} of {motion['seams']:.0f}",
        f"{motion['frozen_s']:.2f}",
        f"{motion['repeats']:.0f}" + (" LENGTH" if motion["off_length"] else ""),
    ]


def show(name: str, values: list[str]) -> None:
    print("| " + " | ".join([name, *values]) + " |", flush=True)


def tempo_of(name: str) -> float:
    found = re.search(r"mPO(\d)", name)
    return 80.0 + 10 * int(found.group(1)) if found else float("nan")


def grid_of(name: str, frames: int, tempo_bpm: float) -> Song:
    """The beats of a real dance: those of its tempo, from its first frame."""
    return Song(
        name, frames, np.arange(60 / tempo_bpm, frames / FPS, 60 / tempo_bpm), tempo_bpm, np.zeros(0, np.float32)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, help=".npz of real dances")
    parser.add_argument("--half", choices=("tune", "test"), default="test", help="which half of the dances")
    parser.add_argument("--music", type=Path, nargs="*", default=[], help="sound files, danced to as well")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each song")
    parser.add_argument("--strengths", type=float, nargs="*", default=[0.0, 0.25, 0.5], help="of the curve")
    parser.add_argument("--only-tempo", action="store_true", help="leave the table of variants out")
    parser.add_argument("--page", type=Path, help="folder: write the evaluation's page of all tables there instead")
    parser.add_argument("--rows", nargs="*", default=[], metavar="NAME", help="print these rows of that page instead")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with np.load(args.library) as archive:
        names = sorted(archive.files)[0 if args.half == "tune" else 1 :: 2]
        dances = {name: archive[name].astype(np.float32) for name in names}
    sources = {name: Source(dance, np.ones(len(dance), bool)) for name, dance in dances.items()}
    tempi = {name: tempo_of(name) for name in names}
    library = library_of(sources, seconds=FRAGMENT_S, hop_s=HOP_S, fps=FPS, tempo_bpm=tempi)
    real = measure_real(list(dances.values()), fps=FPS, rng=np.random.default_rng(args.seed))
    grids = [beat_grid(tempo, seconds=args.seconds, fps=FPS) for tempo in TEMPI]
    music = [
        song_of(path.stem, analyse_song(path, settings=MusicSettings(), fps=FPS, fragment_s=2.0), seconds=args.seconds)
        for path in args.music
    ]
    songs = [grid_of(name, len(dance), tempi[name]) for name, dance in dances.items()]
    own = list(zip(dances.values(), songs, strict=True))
    if args.page or args.rows:
        stages = {
            s: Stage(library_of(sources, seconds=s, hop_s=HOP_S, fps=FPS, tempo_bpm=tempi), {}) for s in LENGTHS_S
        }
        scores, tempo = score_variants(
            stages, [*grids, *music], sources, own, retrieval=RetrievalSettings(), spatial=SpatialSettings(),
            temporal=TemporalSettings(), fps=FPS, seed=args.seed, only=args.rows,
        )  # fmt: skip
        if args.rows:
            for title, table in main_tables(scores).items():
                print(f"{title}\n\n{markdown(table)}\n")
            return
        about = f"{args.library.name}, {args.half} half, {len(grids)} beat grids and {len(music)} songs, no matcher."
        write_page(args.page, scores, tempo=tempo, histories={}, about=about)
        return
    print(f"{args.half} half: {len(dances)} dances, {len(library)} fragments of {FRAGMENT_S:g} s; real jerk "
          f"{real.jerk_mean:.0f} torsos/s3 (p99 {real.jerk_p99:.0f}, at {real.seam_share:.1%} of places), "
          f"speed {real.mean_speed:.2f} torsos/s, sliding {real.foot_sliding:.1f} % of height/s\n")  # fmt: skip
    print("| variant | " + " | ".join(COLUMNS) + " |\n" + "|---" * (len(COLUMNS) + 1) + "|")
    real_beats = score_beats(list(dances.values()), songs, fps=FPS, seed=args.seed)
    show("real dances", cells(real_beats, None, count=len(own)))

    def row(name: str, variant: Variant, songs: list[Song]) -> None:
        trials = []
        for song in songs:
            matches = random_matches(library, song, fps=FPS, seed=args.seed)
            trials.append(make_trial(song, library, sources, matches, variant=variant, fps=FPS, seed=args.seed))
        beats = score_beats([t.dance.keypoints for t in trials], songs, fps=FPS, seed=args.seed)
        show(name, cells(beats, score_motion(trials, sources, real, fps=FPS), count=len(songs)))

    for kind, group in variants(args.strengths).items():
        for variant in group:
            if kind == "tempo":
                for song in grids:
                    row(f"{variant.name}: {song.name}", variant, [song])
                if music:
                    row(f"{variant.name}: music", variant, music)
                row(f"{variant.name}: all", variant, [*grids, *music])
            elif not args.only_tempo:
                row(variant.name, variant, [*grids, *music])


if __name__ == "__main__":
    main()
