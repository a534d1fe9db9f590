"""The available moves, as poses to reach on successive beats ("counts").

A move begins and ends at the dancer's spot with the same facing (or after whole turns), so that any move can follow any
other. Directions are those of the dancer: x to the left, y up, z ahead; for feet x is outward.
"""

from dataclasses import dataclass, replace

import numpy as np

from danceit_core.studio.arms import Triple

CIRCLE_M = 0.25  # radius of the walk in a circle
STANCE: Triple = (0.13, 0.0, 0.0)
WIDE: Triple = (0.27, 0.0, 0.0)


@dataclass(frozen=True)
class Count:
    """The pose to reach at the end of `beats` beats.

    left, right: arm shapes. weight: -1 all on the right foot .. 1 all on the left. dip: metres below upright. hips,
    chest, head: yaw, pitch, roll in radians. left_foot, right_foot: the ball of the foot outward and ahead of its
    place under the hip, and its lift, metres; None leaves the foot where it stands. turn: degrees to the left during
    the count. travel: the spot's place, sideways and ahead, seen from where the move began. jump: both feet at once.
    """

    left: str
    right: str
    weight: float = 0.0
    dip: float = 0.025
    hips: Triple = (0.0, 0.0, 0.0)
    chest: Triple = (0.0, 0.0, 0.0)
    head: Triple = (0.0, 0.0, 0.0)
    left_foot: Triple | None = STANCE
    right_foot: Triple | None = STANCE
    turn: float = 0.0
    travel: tuple[float, float] = (0.0, 0.0)
    beats: float = 1.0
    jump: bool = False


@dataclass(frozen=True)
class Move:
    """A move: its counts, its energy (0..1), and whether it shows the dancer's side or back."""

    name: str
    counts: tuple[Count, ...]
    energy: float
    turns: bool = False

    @property
    def beats(self) -> float:
        """Its length in beats."""
        return sum(count.beats for count in self.counts)


def mirrored(move: Move) -> Move:
    """The same move with left and right exchanged."""
    return replace(move, counts=tuple(_mirror(count) for count in move.counts))


def _mirror(count: Count) -> Count:
    def flip(angles: Triple) -> Triple:
        return -angles[0], angles[1], -angles[2]

    return replace(
        count,
        left=count.right,
        right=count.left,
        weight=-count.weight,
        hips=flip(count.hips),
        chest=flip(count.chest),
        head=flip(count.head),
        left_foot=count.right_foot,
        right_foot=count.left_foot,
        turn=-count.turn,
        travel=(-count.travel[0], count.travel[1]),
    )


def _there_and_back(*counts: Count) -> tuple[Count, ...]:
    """Some counts, followed by the same counts to the other side."""
    return (*counts, *(_mirror(count) for count in counts))


def _circle(step: int) -> tuple[float, float]:
    """The spot after `step` of eight steps on a circle that begins straight ahead and bends to the left."""
    angle = np.pi / 4 * step
    return CIRCLE_M * (1 - float(np.cos(angle))), CIRCLE_M * float(np.sin(angle))


def _walk(step: int) -> Count:
    """One step of the walk in a circle: right and left foot in turn, the arms swinging opposite."""
    if step == 8:
        return Count("down", "down", turn=45)
    ahead: Triple = (0.11, 0.12, 0)
    if step % 2:
        place, turn = _circle(step), 45.0
        return Count(
            "ahead",
            "back",
            -0.6,
            0.02,
            chest=(-0.15, 0.03, 0),
            left_foot=None,
            right_foot=ahead,
            turn=turn,
            travel=place,
        )
    return Count(
        "back",
        "ahead",
        0.6,
        0.02,
        chest=(0.15, 0.03, 0),
        left_foot=ahead,
        right_foot=None,
        turn=45,
        travel=_circle(step),
    )


UP: Triple = (0.11, 0.16, 0.26)  # a knee raised ahead
KICK: Triple = (0.14, 0.42, 0.30)
TOUCH: Triple = (0.06, 0.04, 0.0)

MOVES: tuple[Move, ...] = (
    Move("groove", _there_and_back(
        Count("loose", "loose", 0.55, 0.05, (0.08, 0, -0.05), (-0.08, 0.05, 0.05), (0.1, 0.06, 0.06)),
        Count("down", "loose", 0.25, 0.015, (0, 0, -0.02), (0, 0, 0.02), (0.0, -0.04, 0.0)),
    ), 0.2),
    Move("step_touch", _there_and_back(
        Count("out", "hip", 0.6, 0.04, (0, 0, -0.05), (0.12, 0, 0.06), (0.2, 0, 0), (0.30, 0, 0), STANCE),
        Count("chest", "hip", 0.9, 0.02, (0.05, 0, -0.03), (0.05, 0, 0.03), (0.1, 0, 0), (0.30, 0, 0),
            (-0.14, 0.03, 0)),
    ), 0.4),
    Move("arm_pump", _there_and_back(
        Count("up", "up", 0.25, 0.01, (0.10, 0, -0.03), (0, -0.05, 0), (0, -0.06, 0.05), WIDE, WIDE),
        Count("flex", "flex", -0.25, 0.10, (-0.10, 0, 0.03), (0, 0.10, 0), (0, 0.05, -0.05), WIDE, WIDE),
    ), 0.8),
    Move("disco_point", (
        Count("hip", "vee", -0.5, 0.02, (-0.12, 0, 0.07), (-0.25, -0.05, -0.08), (-0.3, -0.12, -0.05), WIDE, WIDE),
        Count("hip", "low", 0.5, 0.08, (0.15, 0, -0.07), (0.30, 0.12, 0.08), (0.25, 0.10, 0.05), WIDE, WIDE),
        Count("hip", "vee", -0.5, 0.02, (-0.12, 0, 0.07), (-0.25, -0.05, -0.08), (-0.3, -0.12, -0.05), WIDE, WIDE),
        Count("hip", "low", 0.5, 0.08, (0.15, 0, -0.07), (0.30, 0.12, 0.08), (0.25, 0.10, 0.05), WIDE, WIDE),
    ), 0.75),
    Move("march", _there_and_back(
        Count("ahead", "back", 1.0, 0.01, (0, 0, -0.03), (-0.18, 0, 0), (0.1, 0, 0), STANCE, UP),
        Count("loose", "loose", 0.0, 0.04),
    ), 0.6),
    Move("twist", _there_and_back(
        Count("chest", "ahead", 0.3, 0.08, (0.42, 0, -0.02), (-0.40, 0.06, 0.03), (-0.1, 0, 0.05)),
        Count("ahead", "chest", -0.3, 0.06, (-0.42, 0, 0.02), (0.40, 0.06, -0.03), (0.1, 0, -0.05)),
    ), 0.7),
    Move("squat_reach", (
        Count("front", "front", 0.0, 0.20, (0, 0.15, 0), (0, 0.22, 0), (0, 0.1, 0), WIDE, WIDE),
        Count("out", "out", 0.0, 0.03, (0, 0, 0), (0, -0.05, 0), (0, -0.08, 0), WIDE, WIDE),
        Count("goal", "goal", 0.0, 0.18, (0, 0.12, 0), (0, 0.10, 0), (0, 0, 0), WIDE, WIDE),
        Count("up", "up", 0.0, 0.02, (0, 0, 0), (0, -0.08, 0), (0, -0.15, 0), WIDE, WIDE),
    ), 0.7),
    Move("clap_sway", _there_and_back(
        Count("clap", "clap", 0.5, 0.04, (0.12, 0, -0.05), (0.18, 0.03, 0.08), (0.2, 0, 0.1), (0.2, 0, 0), STANCE),
        Count("jazz", "jazz", 0.0, 0.06, (0, 0, 0), (0, 0, 0), (0, -0.03, 0), (0.2, 0, 0), (0.2, 0, 0)),
    ), 0.5),
    Move("hand_to_head", _there_and_back(
        Count("head", "airplane", 0.5, 0.04, (0.10, 0, -0.08), (0.15, -0.03, 0.10), (0.25, 0, 0.1), WIDE, STANCE),
        Count("down", "wave_high", -0.2, 0.06, (-0.05, 0, 0.03), (-0.10, 0.02, -0.04), (-0.15, 0, 0), WIDE, STANCE),
    ), 0.45),
    Move("arm_wave", (
        Count("wave_high", "wave_low", -0.4, 0.03, (0, 0, 0.05), (0.05, 0, -0.10), (0.35, 0, -0.05), WIDE, WIDE),
        Count("wave_low", "wave_high", 0.4, 0.05, (0, 0, -0.05), (-0.05, 0, 0.10), (-0.35, 0, 0.05), WIDE, WIDE),
        Count("wave_high", "wave_low", -0.4, 0.03, (0, 0, 0.05), (0.05, 0, -0.10), (0.35, 0, -0.05), WIDE, WIDE),
        Count("out", "out", 0.0, 0.05, (0, 0, 0), (0, -0.05, 0), (0, -0.05, 0), WIDE, WIDE),
    ), 0.3),
    Move("box_step", (
        Count("ahead", "loose", -0.8, 0.04, (-0.1, 0, 0.03), (0.1, 0.03, 0), (0, 0, 0), STANCE, (-0.04, 0.22, 0)),
        Count("loose", "ahead", 0.7, 0.03, (0.1, 0, -0.03), (-0.1, 0.03, 0), (0, 0, 0), (0.16, 0.20, 0),
            (-0.04, 0.22, 0)),
        Count("out", "loose", -0.8, 0.04, (0, 0, 0.03), (0.05, 0, 0), (0.1, 0, 0), (0.16, 0.20, 0), (0.15, -0.10, 0)),
        Count("hip", "hip", 0.2, 0.03, (0, 0, 0), (0, 0, 0), (0, 0, 0), STANCE, (0.15, -0.10, 0)),
    ), 0.5),
    Move("jumping_jack", (
        Count("up", "up", 0.0, 0.06, left_foot=WIDE, right_foot=WIDE, jump=True),
        Count("down", "down", 0.0, 0.08, chest=(0, 0.06, 0), jump=True),
        Count("vee", "vee", 0.0, 0.06, left_foot=WIDE, right_foot=WIDE, jump=True),
        Count("clap", "clap", 0.0, 0.08, chest=(0, 0.06, 0), jump=True),
    ), 0.95),
    Move("kick", _there_and_back(
        Count("airplane", "airplane", 1.0, 0.02, (0, -0.06, -0.04), (0, -0.06, 0), (0, 0, 0), STANCE, KICK),
        Count("guard", "guard", 0.0, 0.07, (0, 0, 0), (0, 0.06, 0), (0, 0, 0)),
    ), 0.85),
    Move("boxing", _there_and_back(
        Count("punch", "guard", 0.4, 0.06, (-0.20, 0, 0), (-0.45, 0.06, 0), (0.1, 0.05, 0), (0.15, 0.12, 0),
            (0.15, -0.06, 0)),
        Count("guard", "punch", 0.1, 0.05, (0.15, 0, 0), (0.40, 0.06, 0), (-0.1, 0.05, 0), (0.15, 0.12, 0),
            (0.15, -0.06, 0)),
    ), 0.85),
    Move("arm_roll", _there_and_back(
        Count("roll_in", "roll_out", 0.4, 0.05, (0.05, 0, -0.05), (0.12, 0.08, 0.05), (0.1, 0.05, 0)),
        Count("roll_out", "roll_in", -0.1, 0.08, (-0.05, 0, 0.02), (-0.06, 0.10, -0.02), (0, 0.05, 0)),
    ), 0.6),
    Move("side_lunge", _there_and_back(
        Count("vee", "airplane", 0.85, 0.14, (0.15, 0, -0.06), (0.10, 0, 0.16), (0.25, -0.05, 0.05),
            (0.44, 0.03, 0), (0.16, 0, 0)),
        Count("loose", "hip", 0.0, 0.03, (0, 0, 0), (0, 0, 0), (0, 0, 0)),
    ), 0.65),
    Move("ring_sway", _there_and_back(
        Count("ring", "hip", -0.45, 0.03, (0, 0, 0.08), (0, 0, -0.14), (0.05, 0, -0.08), (0.2, 0, 0),
            (0.2, 0, 0), beats=2),
    ), 0.15),
    Move("grapevine", (
        Count("out", "out", 0.8, 0.03, (0, 0, -0.03), (0.1, 0, 0), (0.2, 0, 0), (0.24, 0, 0), None, travel=(0.10, 0)),
        Count("loose", "loose", -0.8, 0.05, (0.15, 0, 0), (0, 0, 0), (0.15, 0, 0), None, (-0.10, -0.12, 0),
            travel=(0.18, 0)),
        Count("jazz", "jazz", 0.8, 0.03, (0, 0, -0.03), (0.1, 0, 0), (0.1, 0, 0), (0.16, 0, 0), None, travel=(0.28, 0)),
        Count("clap", "clap", 0.9, 0.05, (0, 0, -0.03), (0, 0, 0.04), (0, 0, 0.08), None, TOUCH, travel=(0.28, 0)),
        Count("out", "out", -0.8, 0.03, (0, 0, 0.03), (-0.1, 0, 0), (-0.2, 0, 0), None, (0.24, 0, 0), travel=(0.18, 0)),
        Count("loose", "loose", 0.8, 0.05, (-0.15, 0, 0), (0, 0, 0), (-0.15, 0, 0), (-0.10, -0.12, 0), None,
            travel=(0.10, 0)),
        Count("out", "out", -0.8, 0.03, (0, 0, 0.03), (-0.1, 0, 0), (-0.1, 0, 0), None, (0.16, 0, 0), travel=(0, 0)),
        Count("clap", "clap", -0.5, 0.05, (0, 0, 0.03), (0, 0, -0.04), (0, 0, -0.08), STANCE, None),
    ), 0.55),
    Move("full_turn", (
        Count("out", "chest", 0.2, 0.04, chest=(0.15, 0, 0), turn=90),
        Count("airplane", "airplane", -0.2, 0.02, turn=90),
        Count("ring", "ring", 0.2, 0.02, chest=(0, -0.04, 0), turn=90),
        Count("jazz", "jazz", 0.0, 0.06, turn=90),
    ), 0.6, turns=True),
    Move("half_turns", (
        Count("chest", "out", 0.2, 0.04, chest=(0.12, 0, 0), turn=90),
        Count("down", "down", -0.2, 0.04, turn=90),
        Count("vee", "hip", 0.5, 0.04, (0.05, 0, -0.08), (0, 0, 0.10), (0.1, 0, 0), WIDE, STANCE),
        Count("hip", "vee", -0.5, 0.06, (-0.05, 0, 0.08), (0, 0, -0.10), (-0.1, 0, 0), WIDE, STANCE),
        Count("up", "up", 0.3, 0.02, (0.05, 0, -0.04), (0, 0, 0.04), (0, -0.1, 0), WIDE, STANCE),
        Count("goal", "goal", -0.3, 0.09, (-0.05, 0, 0.04), (0, 0.05, -0.04), (0, 0, 0), WIDE, STANCE),
        Count("out", "chest", 0.2, 0.04, chest=(0.12, 0, 0), turn=90),
        Count("down", "loose", -0.2, 0.04, turn=90),
    ), 0.55, turns=True),
    Move("profile", (
        Count("loose", "loose", 0.2, 0.04, turn=75),
        Count("front", "back", 0.3, 0.07, (0, -0.10, 0), (0, 0.16, 0), (-0.2, 0.1, 0), (0.13, 0.10, 0), STANCE),
        Count("back", "front", -0.3, 0.03, (0, 0.08, 0), (0, -0.14, 0), (-0.3, -0.1, 0), (0.13, 0.10, 0), STANCE),
        Count("up", "up", 0.2, 0.02, (0, 0, 0), (0, -0.06, 0), (-0.3, -0.1, 0), (0.13, 0.10, 0), STANCE),
        Count("ahead", "ahead", -0.2, 0.12, (0, 0.12, 0), (0, 0.20, 0), (-0.2, 0.05, 0), (0.13, 0.10, 0), STANCE),
        Count("jazz", "jazz", 0.0, 0.04, turn=-75),
    ), 0.4, turns=True),
    Move("back_groove", (
        Count("loose", "loose", 0.3, 0.04, turn=80),
        Count("airplane", "airplane", -0.3, 0.04, turn=80),
        Count("loose", "hip", 0.6, 0.05, (0.10, 0, -0.09), (-0.08, 0, 0.08), (0.3, 0, 0), WIDE, WIDE),
        Count("hip", "loose", -0.6, 0.05, (-0.10, 0, 0.09), (0.08, 0, -0.08), (-0.3, 0, 0), WIDE, WIDE),
        Count("out", "out", 0.5, 0.07, (0.10, 0, -0.09), (-0.08, 0, 0.08), (0.2, 0, 0), WIDE, WIDE),
        Count("flex", "flex", -0.5, 0.07, (-0.10, 0, 0.09), (0.08, 0, -0.08), (-0.2, 0, 0), WIDE, WIDE),
        Count("loose", "loose", 0.2, 0.04, turn=-80),
        Count("down", "down", 0.0, 0.04, turn=-80),
    ), 0.35, turns=True),
    Move("walk_around", tuple(_walk(step) for step in range(1, 9)), 0.35, turns=True),
)  # fmt: skip
