"""Golden results of what finds dances for music: matcher, retrieval."""

import numpy as np
import torch
from matched_dances import make_database, matched_pairs
from record import Result, result

from danceit_core.choreography.candidates import ClipSong
from danceit_core.choreography.library import Library
from danceit_core.choreography.matches import sort_matches
from danceit_core.choreography.retrieve import retrieve
from danceit_core.config import MatcherSettings, RetrievalSettings
from danceit_core.matcher.train import train_matcher

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
    """The path through given distances."""
    library = Library.of(make_database(videos=6, fragments=8))
    distance = np.random.default_rng(2).uniform(0.5, 1.5, (12, 48))
    song = ClipSong(12 * 24, FPS, np.arange(0.3, 12, 0.5), 120.0)
    settings, rng = RetrievalSettings(fragment_s=1.0), np.random.default_rng(0)
    plan = retrieve(library, sort_matches(distance), song=song, settings=settings, rng=rng, beat_kind="min")
    videos = [int(name.removeprefix("v")) for name in plan.source_video]
    return {
        "plan": result([*plan.start_frame, *plan.frames, *plan.source_start_frame, *videos]),
        "figures": result([*plan.rate, *plan.match_distance], within=1e-3),
    }
