"""The moves danced to a song: one key pose per count, chosen by the song's energy.

A routine is a list of keys. Each move begins on the dancer's spot; at least every third move turns, so that every dance
shows its dancer from all sides. A covering routine goes through all moves instead, as a target person's video should.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from danceit_core.studio.moves import MOVES, Count, Move, mirrored
from danceit_core.studio.music import Song

REST = Count("down", "down")
# Above this tempo, calm and turning moves take two beats per count.
FAST_BPM = 132
CALM = 0.6
MOVES_BETWEEN_TURNS = 2
FACING_SPREAD_DEG = 12.0
SPOT_SPREAD_M = 0.05


@dataclass(frozen=True)
class Key:
    """A pose to reach at `time_s`: the count, its move, the song's energy, facing (degrees, not wrapped) and the spot
    (x, z) in the room, metres."""

    time_s: float
    count: Count
    move: str
    energy: float
    facing_deg: float
    spot: tuple[float, float]


def plan_routine(song: Song, *, seconds: float, rng: np.random.Generator, cover: bool) -> list[Key]:
    """Keys from before 0 s to after `seconds`; `cover`: go through all moves instead of following the song's energy."""
    beat_s = 60 / song.tempo_bpm
    keys = [Key(song.beats_s[0] - k * beat_s, REST, "rest", 0.3, 0.0, (0.0, 0.0)) for k in (3, 2, 1, 0)]
    if cover:
        return _fill(keys, _all_moves(rng), song, seconds, rng)
    return _fill(keys, _by_energy(song, keys, rng), song, seconds, rng)


def _fill(keys: list[Key], moves: Iterator[Move], song: Song, seconds: float, rng: np.random.Generator) -> list[Key]:
    """Append moves to `keys` until they reach past the end."""
    beat_s = 60 / song.tempo_bpm
    while keys[-1].time_s < seconds + 2 * beat_s:
        move = next(moves)
        start, begin_s = keys[-1], keys[-1].time_s
        # Whole turns are kept and the rest is compensated, so that a move begins roughly facing the camera.
        front = 360 * round(start.facing_deg / 360) + float(np.clip(rng.normal(), -2, 2)) * FACING_SPREAD_DEG
        spot = rng.uniform(-SPOT_SPREAD_M, SPOT_SPREAD_M, 2)
        stretch = 2 if song.tempo_bpm > FAST_BPM and (move.turns or move.energy < CALM) else 1
        beats, turned = 0.0, 0.0
        for count in move.counts:
            beats += count.beats * stretch
            turned += count.turn
            time_s = begin_s + beats * beat_s
            energy = float(song.energy[np.clip(np.searchsorted(song.beats_s, time_s - 0.01), 0, len(song.energy) - 1)])
            place = (float(spot[0] + count.travel[0]), float(spot[1] + count.travel[1]))
            keys.append(Key(time_s, count, move.name, energy, front + turned, place))
    return keys


def _by_energy(song: Song, keys: Sequence[Key], rng: np.random.Generator) -> Iterator[Move]:
    """Moves as energetic as the song is where they fall; `keys` grows while they are danced."""
    since_turn = MOVES_BETWEEN_TURNS - 1
    recent: list[str] = []
    while True:
        turning = since_turn >= MOVES_BETWEEN_TURNS
        choice = [move for move in MOVES if move.turns == turning and move.name not in recent[-3:]]
        beat = int(np.clip(np.searchsorted(song.beats_s, keys[-1].time_s), 0, len(song.energy) - 1))
        energy = song.energy[beat : beat + 4].mean()
        fit = np.exp(-((np.array([move.energy for move in choice]) - energy) ** 2) / (2 * 0.2**2)) + 0.01
        move = choice[int(rng.choice(len(choice), p=fit / fit.sum()))]
        since_turn = 0 if turning else since_turn + 1
        recent.append(move.name)
        first = mirrored(move) if rng.random() < 0.5 else move
        yield first
        if not turning and move.beats <= 4 and rng.random() < 0.35:
            yield mirrored(first)


def _all_moves(rng: np.random.Generator) -> Iterator[Move]:
    """All moves in a new order, again and again; turning moves spread among the others."""
    while True:
        turning = [MOVES[k] for k in rng.permutation(len(MOVES)) if MOVES[k].turns]
        others = [MOVES[k] for k in rng.permutation(len(MOVES)) if not MOVES[k].turns]
        for k, move in enumerate(others):
            yield mirrored(move) if rng.random() < 0.5 else move
            if k % 2 == 1 and turning:
                yield turning.pop()
        yield from turning
