"""Speed of choreographing a song: from the files of a large database to finished poses.

    python benchmarks/choreography_speed.py aistpp_pop.npz --fragments 30000 --seconds 180
    python benchmarks/choreography_speed.py aistpp_pop.npz --unit seconds

The database consists of real dances, repeated with other embeddings until it has enough fragments, in counts of
simulated bars or in seconds; the song has bars and recurring sections. Embeddings are random, of the matcher's default
width, searched through the index as in a run. Frames, fragments and index are opened from files, as for each song. The
time of each step is the best of --repeats. `retrieval_scale` measures the start of Python and 100 hours of dances.
"""

import argparse
import resource
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.align import align
from danceit_core.choreography.library import COLUMNS, Library
from danceit_core.choreography.matches import pool_size
from danceit_core.choreography.movements import movements_of
from danceit_core.choreography.retrieve import retrieve
from danceit_core.choreography.song import search_slots
from danceit_core.config import (
    FragmentSettings,
    MatcherSettings,
    RetrievalSettings,
    SpatialSettings,
    TemporalSettings,
)
from danceit_core.database.counts import cut_counts
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.frames import ARRAYS, frame_paths, write_dances
from danceit_core.database.gather import frames_in_memory
from danceit_core.database.table import read_database, write_fragments
from danceit_core.evaluation.trial import PERFORMER, PICTURE_PX, beat_grid, lay
from danceit_core.matcher.index import read_index, write_index
from danceit_core.music.table import Beats, MusicTable
from danceit_core.pose.table import PoseTable

FPS, FRAGMENT_S, HOP_S, TEMPO_BPM = 24.0, 2.0, 0.5, 110.0


def write_files(
    folder: Path, dances: Sequence[NDArray[np.float32]], *, unit: str, width: int, rng: np.random.Generator
) -> None:
    """Write frames, fragments and an index of random embeddings as the workflow does."""
    frames = frames_in_memory({f"{number:05d}": tables(dance) for number, dance in enumerate(dances)})
    described, paths = {}, frame_paths(folder)
    for name in ARRAYS:
        array = getattr(frames, name)
        array = np.zeros((0, 25, 3), np.float16) if array is None else array
        np.save(paths[name], array)
        described[name] = {"shape": list(array.shape), "dtype": str(array.dtype), "crc32": zlib.crc32(array.tobytes())}
    write_dances(paths["dances"], frames.dances, metadata=frames.metadata, arrays=described)
    settings = FragmentSettings(hop_s=HOP_S)
    in_counts = unit == "beats"
    cut = cut_counts(frames, settings=settings) if in_counts else None
    database = cut or cut_fragments(frames, seconds=FRAGMENT_S, settings=settings)
    write_fragments(folder / "fragments.parquet", database.table, metadata=database.metadata)
    embeddings = rng.normal(size=(len(database), width)).astype(np.float32)
    write_index(folder, embeddings, database=database, queries=embeddings[:10])


def tables(dance: NDArray[np.float32]) -> tuple[PoseTable, MusicTable]:
    """A dance to silent sound of 110 beats per minute in bars of four."""
    silence = np.zeros((len(dance), 1), np.float32)
    about = {"fps": FPS, "width": PICTURE_PX, "height": PICTURE_PX}
    times = np.arange(0, len(dance) / FPS, 60 / TEMPO_BPM)
    beats = Beats(times, TEMPO_BPM, place=np.arange(len(times)) % 4 + 1, meter=4)
    music = MusicTable(silence, silence[:, 0], beats, FPS, "mfcc", len(dance) / FPS, silent=True)
    return PoseTable(dance, about, {}), music


def fragments_in(frames: int, *, unit: str) -> int:
    """The approximate number of fragments of a dance of `frames` frames."""
    if unit == "seconds":
        return max(0, (frames - round(FRAGMENT_S * FPS)) // round(HOP_S * FPS) + 1)
    return round(4 * frames / FPS * TEMPO_BPM / 60 / 4)  # per bar: two half bars, one bar, two bars


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, help=".npz of real dances")
    parser.add_argument("--fragments", type=int, default=30_000)
    parser.add_argument("--seconds", type=float, default=180.0, help="length of the song")
    parser.add_argument("--unit", choices=("beats", "seconds"), default="beats", help="unit of the fragments")
    parser.add_argument("--tempo", type=float, default=120.0, help="tempo of the song, beats per minute")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    with np.load(args.library) as archive:
        dances = [archive[name].astype(np.float32) for name in sorted(archive.files)]
    many, count = [], 0
    while count < args.fragments:
        many.append(dances[len(many) % len(dances)])
        count += fragments_in(len(many[-1]), unit=args.unit)
    rng = np.random.default_rng(0)
    grid, width = beat_grid(args.tempo, seconds=args.seconds, fps=FPS), MatcherSettings().embedding_size
    settings = RetrievalSettings()
    best = dict.fromkeys(("open", "search", "retrieve", "align"), np.inf)
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), many, unit=args.unit, width=width, rng=rng)
        for _ in range(args.repeats):
            marks = [time.perf_counter()]
            database = read_database(Path(folder) / "fragments.parquet", columns=COLUMNS)
            library, index = Library.of(database), read_index(Path(folder) / "index.json", database=database)
            marks.append(time.perf_counter())
            slots, song = lay(grid, library, fps=FPS)
            queries = rng.normal(size=(len(slots), width)).astype(np.float32)
            matches = search_slots(queries, index=index, count=pool_size(settings, in_counts=not library.frames))
            marks.append(time.perf_counter())
            plan = retrieve(library, matches, song=song, slots=slots, settings=settings, rng=rng)
            marks.append(time.perf_counter())
            dance = align(plan, movements_of(plan, database.frames), target=PERFORMER, size=(PICTURE_PX, PICTURE_PX),
                          beats_s=grid.beats_s, fps=FPS, spatial=SpatialSettings(),
                          temporal=TemporalSettings())  # fmt: skip
            marks.append(time.perf_counter())
            best = {name: min(old, new) for (name, old), new in zip(best.items(), np.diff(marks), strict=True)}
    total_s = sum(best.values())
    memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print("| fragments | song s | frames | open s | search s | retrieve s | align s | frames/s | memory GB |")
    print("|---" * 9 + "|")
    cells = [f"{len(library):,}", f"{args.seconds:g}", f"{len(dance.keypoints):,}",
             *(f"{value:.2f}" for value in best.values()),
             f"{grid.frames / total_s:,.0f}", f"{memory_gb:.1f}"]  # fmt: skip
    print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
