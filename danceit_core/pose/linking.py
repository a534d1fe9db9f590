"""Link pieces of dance that belong to one dancer, by look and place, and only if it is unambiguous (see `pieces`).

A piece continues another that ended a moment before if it looks alike, is within reach, and neither has a rival: a
third piece that ended or begins and would fit about as well. If two dancers in the same clothes were mixed up, they
cannot be told apart and continue as new dancers.
"""

from dataclasses import dataclass

from danceit_core.pose.apart import far_apart
from danceit_core.pose.appearance import likeness
from danceit_core.pose.identity import MARGIN, SURE_LIKENESS
from danceit_core.pose.pieces import CUT, LEFT, LOST, Piece

# Maximum time after which a person is found again.
LONGEST_GAP_S = 3.0
# How far a person can move, in distances from hips to outline: immediately, and per second.
AT_ONCE, PER_S = 0.5, 1.6
# Within this distance and time, with nobody else around, the place alone is enough.
SAME_PLACE, SAME_S = 0.5, 0.5
# Reduction of the likeness per such distance.
PLACE = 0.15
# Dancers who appear within this time appear together: the largest comes first.
AT_ONCE_S = 0.25
# A shorter piece is a momentary error, not a dancer.
SHORTEST_S = 0.75


@dataclass(frozen=True)
class _Fit:
    """How well a piece continues another: its rating, and whether it is certain regardless of rivals."""

    rating: float
    certain: bool = False


def link_pieces(pieces: list[Piece], *, fps: float) -> list[list[Piece]]:
    """Dancers, each a list of pieces in the order of time; ordered by first appearance, then by size.

    Dancers seen for less than SHORTEST_S in total are left out.
    """
    pieces = sorted((piece for piece in pieces if piece.found), key=lambda piece: (piece.first, piece.number))
    dancers: list[list[Piece]] = []
    for piece in pieces:
        fits = {
            number: fit
            for number, dancer in enumerate(dancers)
            if (fit := how_it_fits(dancer[-1], piece, fps=fps)) is not None
        }
        chosen = _choose(piece, fits, dancers, pieces, fps=fps)
        if chosen is None:
            dancers.append([piece])
        else:
            dancers[chosen].append(piece)
    seen = [dancer for dancer in dancers if sum(len(piece.found) for piece in dancer) >= SHORTEST_S * fps]
    return sorted(seen, key=lambda dancer: (int(dancer[0].first / (AT_ONCE_S * fps)), -dancer[0].starts.reach_px))


def how_it_fits(before: Piece, after: Piece, *, fps: float) -> _Fit | None:
    """How well one piece continues another; None if it cannot."""
    gap_s = (after.first - before.end) / fps
    if gap_s < 0 or gap_s > LONGEST_GAP_S or before.ended in (LEFT, CUT):
        return None
    if after.continues == before.number:
        return _Fit(1.0, certain=True)
    away = far_apart(before.ends, after.starts)
    if away > AT_ONCE + PER_S * gap_s or before.look is None or after.look is None:
        return None
    alike = _alike(before, after)
    at_once = before.ended == LOST and gap_s <= SAME_S and away <= SAME_PLACE
    if alike < SURE_LIKENESS and not at_once:
        return None
    return _Fit(alike - PLACE * away)


def _choose(
    piece: Piece, fits: dict[int, _Fit], dancers: list[list[Piece]], pieces: list[Piece], *, fps: float
) -> int | None:
    """The dancer that a piece continues; None if there is none or the choice is ambiguous."""
    if not fits:
        return None
    best = max(fits, key=lambda number: (fits[number].certain, fits[number].rating))
    if fits[best].certain:
        return best
    floor = fits[best].rating - MARGIN
    if any(fit.rating > floor for number, fit in fits.items() if number != best):
        return None
    before = dancers[best][-1]
    for rival in pieces:
        if rival is piece or rival is before:
            continue
        if rival.first < piece.end and piece.first < rival.end:
            fit = how_it_fits(before, rival, fps=fps)
            if fit is not None and fit.rating > floor:
                return None
        # A similar-looking dancer was there all the time: one may have been taken for the other meanwhile.
        if rival.first < before.end and piece.first < rival.end and _alike(rival, piece) > floor:
            return None
    return best


def _alike(one: Piece, other: Piece) -> float:
    return 0.0 if one.look is None or other.look is None else likeness(one.look, other.look)
