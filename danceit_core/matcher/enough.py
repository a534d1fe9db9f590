"""Whether a project's dances hold enough music to learn from, and what is learnt from where it is little.

A matcher learns from sounds that match a dance and from others that do not: those of another song, or of another
moment of the same one, at least `matcher.delay_s` away. Few short dances may have no others, least of all when one of
two songs is held out for scoring. Then none is held out; and where even that is too little, nothing can be learnt.
"""

import dataclasses
import logging

import numpy as np

from danceit_core.database.split import TRAIN
from danceit_core.matcher.data import Pairs
from danceit_core.matcher.negatives import OtherMoments

log = logging.getLogger(__name__)


def settle_pairs(pairs: Pairs, *, delay_s: float) -> Pairs:
    """The same pairs, all of them to learn from where those of part "train" are too few: said once, as a warning."""
    everything = dataclasses.replace(pairs, part=np.full_like(pairs.part, TRAIN))
    if not what_lacks(pairs, delay_s=delay_s) or what_lacks(everything, delay_s=delay_s):
        return pairs
    held_out = len(set(pairs.group[pairs.part != TRAIN].tolist()))
    log.warning(
        "too little dance with sound to hold any out: the matcher also learns from the %d %s meant for its scores, "
        "which then say nothing of music that it does not know",
        held_out,
        "song" if held_out == 1 else "songs",
    )
    return everything


def what_lacks(pairs: Pairs, *, delay_s: float) -> str:
    """Why nothing can be learnt from the pairs of part "train", as a clause; "" where something can."""
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
        f"one song alone {alone}, and its {span_s:g} s are too few for another moment of it, matcher.delay_s = "
        f"{delay_s:g} s away, to each of its fragments ({least_s:g} s are enough)"
    )
