"""How fast a song is choreographed: from the embeddings of a large database to finished poses.

    python benchmarks/choreography_speed.py aistpp_pop.npz --fragments 30000 --seconds 180

The library is real dances, repeated with other embeddings until it has enough fragments; embeddings are random, of the
matcher's default width, searched through the index as in a run. The time of each step is the best of --repeats.
Reading the database and putting it on one timeline is done once for all songs and is shown beside it.
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from danceit_core.choreography.align import Source, align
from danceit_core.choreography.candidates import ClipSong
from danceit_core.choreography.retrieve import Matches, pool_size, retrieve
from danceit_core.config import MatcherSettings, RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.evaluation.trial import PERFORMER, PICTURE_PX, beat_grid, library_of
from danceit_core.matcher.index import FragmentIndex

FPS, FRAGMENT_S, HOP_S = 24.0, 2.0, 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, help=".npz of real dances")
    parser.add_argument("--fragments", type=int, default=30_000)
    parser.add_argument("--seconds", type=float, default=180.0, help="of the song")
    parser.add_argument("--tempo", type=float, default=120.0, help="beats a minute")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    with np.load(args.library) as archive:
        dances = [archive[name].astype(np.float32) for name in sorted(archive.files)]
    sources, count, frames, hop = {}, 0, round(FRAGMENT_S * FPS), round(HOP_S * FPS)
    while count < args.fragments:
        dance = dances[len(sources) % len(dances)]
        sources[f"{len(sources)}"] = Source(dance, np.ones(len(dance), bool))
        count += max(0, (len(dance) - frames) // hop + 1)
    begin = time.perf_counter()
    library = library_of(sources, seconds=FRAGMENT_S, hop_s=HOP_S, fps=FPS, tempo_bpm=dict.fromkeys(sources, 110.0))
    timeline_s = time.perf_counter() - begin
    rng = np.random.default_rng(0)
    grid, width = beat_grid(args.tempo, seconds=args.seconds, fps=FPS), MatcherSettings().embedding_size
    index = FragmentIndex(library.fragment_id.astype(str), rng.normal(size=(len(library), width)).astype(np.float32))
    clips = rng.normal(size=(-(-grid.frames // library.frames), width)).astype(np.float32)
    song, settings = ClipSong(grid.frames, FPS, grid.beats_s, grid.tempo_bpm), RetrievalSettings()
    best = {"search": np.inf, "retrieve": np.inf, "align": np.inf}
    index.search(clips[:1], k=1)
    for _ in range(args.repeats):
        marks = [time.perf_counter()]
        distance, rows = index.search(clips, k=pool_size(settings))
        marks.append(time.perf_counter())
        plan = retrieve(library, Matches(rows, distance), song=song, settings=settings, rng=np.random.default_rng(0))
        marks.append(time.perf_counter())
        dance = align(plan, sources, target=PERFORMER, size=(PICTURE_PX, PICTURE_PX), beats_s=grid.beats_s, fps=FPS,
                      spatial=SpatialSettings(), temporal=TemporalSettings())  # fmt: skip
        marks.append(time.perf_counter())
        best = {name: min(old, new) for (name, old), new in zip(best.items(), np.diff(marks), strict=True)}
    total_s = sum(best.values())
    memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print("| fragments | song s | frames | timeline s | search s | retrieve s | align s | frames/s | memory GB |")
    print("|---" * 9 + "|")
    cells = [f"{len(library):,}", f"{args.seconds:g}", f"{len(dance.keypoints):,}", f"{timeline_s:.2f}",
             *(f"{value:.2f}" for value in best.values()),
             f"{grid.frames / total_s:,.0f}", f"{memory_gb:.1f}"]  # fmt: skip
    print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
