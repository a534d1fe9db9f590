"""Decide whether a project's dances contain enough music for training, and what to train on if there is little.

A matcher learns from sounds that match a dance and from others that do not: those of another song, or of another moment
of the same song, at least `matcher.delay_s` away. A few short dances may have no others, especially when one of two
songs is held out for scoring. Then none is held out; if even that is not enough, no matcher can be trained.
"""

import dataclasses
import logging

import numpy as np

from danceit_core.database.split import TRAIN
from danceit_core.matcher.data import Pairs
from danceit_core.matcher.negatives import OtherMoments

log = logging.getLogger(__name__)


def settle_pairs(pairs: Pairs, *, delay_s: float) -> Pairs:
    """The same pairs; if those of part "train" are too few, all are used for training, with a warning."""
    everything = dataclasses.replace(pairs, part=np.full_like(pairs.part, TRAIN))
    if not what_lacks(pairs, delay_s=delay_s) or what_lacks(everything, delay_s=delay_s):
        return pairs
    held_out = len(set(pairs.group[pairs.part != TRAIN].tolist()))
    log.warning(
        "too little dance with sound to hold any out: the matcher also learns from the %d %s meant for its scores, "
        "which then say nothing about unknown music",
        held_out,
        "song" if held_out == 1 else "songs",
    )
    return everything


def what_lacks(pairs: Pairs, *, delay_s: float) -> str:
    """Why no matcher can be trained on the pairs of part "train", as a clause; "" if one can."""
    train = pairs.only(pairs.part == TRAIN)
    if not len(train):
        return "no dance with sound is left to learn from" if len(pairs) else "no dance has sound"
    if len(set(train.group.tolist())) > 1:
        return ""
    moments = OtherMoments(train, delay_s=delay_s)
    if len(train) > 1 and (moments.before + moments.after > 0).all():
        return ""
    alone = "has sound" if len(train) == len(pairs) else "is left to learn from"
    span_s, least_s = float(np.ptp(train.start_s)) + train.seconds, 2 * delay_s + train.seconds
    return (
        f"only one song {alone}, and its {span_s:g} s are too short for another moment of it, matcher.delay_s = "
        f"{delay_s:g} s away, for each of its fragments ({least_s:g} s are enough)"
    )
