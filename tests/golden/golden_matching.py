"""Golden results of what finds dances for music: matcher, retrieval."""

import numpy as np
import torch
from matched_dances import counted_database, make_database, matched_pairs
from record import Result, result

from danceit_core.choreography.layout import lay_beats
from danceit_core.choreography.library import Library
from danceit_core.choreography.matches import sort_matches
from danceit_core.choreography.retrieve import retrieve
from danceit_core.config import MatcherSettings, RetrievalSettings
from danceit_core.matcher.train import train_matcher
from danceit_core.music.table import Beats, Section

FPS = 24.0


def matcher() -> dict[str, Result]:
    """Three epochs on dances that match by style."""
    small = {"hidden_size": 8, "embedding_size": 4, "batch_size": 16, "epochs": 3, "delay_s": 1.0}
    settings = MatcherSettings(**small, learning_rate=5e-3)
    pairs = matched_pairs(videos=8, fragments=6)
    trained = train_matcher(pairs, settings=settings, seed=0, device=torch.device("cpu"))
    numbers = [value for row in trained.history for value in row.values()]
    embedded = trained.matcher.embed_audio(np.random.default_rng(0).normal(size=(6, 24, 4)).astype(np.float32))
    return {"history": result(numbers, within=2e-3), "embedded": result(embedded, within=1e-3)}


def retrieval() -> dict[str, Result]:
    """The path through given distances, over even clips and over bars."""
    return {**_plan_of("seconds"), **_plan_of("beats")}


def _plan_of(unit: str) -> dict[str, Result]:
    """What is danced in 24 s of fragments in one unit. In bars, one of two sections comes back."""
    frames = 24 * 24
    if unit == "seconds":
        database = make_database(videos=6, fragments=8)
    else:
        database = counted_database(tempi_bpm=(120.0, 110.0, 130.0, 90.0), bars=10)
    library, settings = Library.of(database), RetrievalSettings(fragment_s=1.0, recall=1.0)
    times = np.arange(0.3, 24, 0.5)
    beats = Beats(times, 120.0, place=np.arange(len(times)) % 4 + 1, meter=4)
    sections = tuple(Section(8.0 * k, 8.0 * k + 8, letter) for k, letter in enumerate("ABA"))
    slots, song = lay_beats(beats, library, frames=frames, fps=FPS, loudness=None, sections=sections)
    distance = np.random.default_rng(2).uniform(0.5, 1.5, (len(slots), len(library)))
    plan = retrieve(
        library, sort_matches(distance), song=song, slots=slots, settings=settings, rng=np.random.default_rng(0)
    )
    videos = [int(name.removeprefix("v")) for name in plan.source_video]
    whole = [*plan.start_frame, *plan.frames, *plan.source_start_frame, *videos, *plan.recalls]
    return {
        f"plan in {unit}": result(whole),
        f"figures in {unit}": result([*plan.rate, *plan.match_distance], within=1e-3),
    }
