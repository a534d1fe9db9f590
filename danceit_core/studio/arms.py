"""Arm shapes.

Directions are those of the chest: x outward, y up, z ahead, so that a shape can be used for either side.
"""

from dataclasses import dataclass

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class ArmShape:
    """Directions of upper arm, forearm and the palm's face in the chest's frame; curl of the fingers, 0..1."""

    upper: Triple
    fore: Triple
    palm: Triple
    curl: float = 0.25


ARMS: dict[str, ArmShape] = {
    "down": ArmShape((0.30, -1, 0.0), (0.16, -1, 0.32), (-1, 0, -0.1), 0.35),
    "loose": ArmShape((0.42, -1, 0.1), (0.15, -0.6, 0.8), (-1, -0.3, 0), 0.4),
    "out": ArmShape((1, -0.05, 0.08), (1, 0.06, 0.22), (0, -1, 0.15), 0.12),
    "airplane": ArmShape((1, -0.45, 0.0), (1, -0.35, 0.15), (0, -1, 0.2), 0.1),
    "up": ArmShape((0.36, 1, 0.05), (0.16, 1, 0.12), (0, 0.1, 1), 0.15),
    "vee": ArmShape((0.75, 0.75, 0.12), (0.68, 0.85, 0.2), (0, -0.2, 1), 0.1),
    "goal": ArmShape((1, 0.06, 0.08), (0.18, 1, 0.22), (0, 0, 1), 0.2),
    "flex": ArmShape((1, 0.12, 0.0), (-0.25, 1, 0.15), (-0.6, 0, 0.5), 0.95),
    "hip": ArmShape((0.86, -0.74, -0.28), (-0.66, -0.68, 0.40), (-0.5, -0.6, -0.3), 0.7),
    "chest": ArmShape((0.60, -0.75, 0.42), (-0.55, 0.32, 0.80), (-0.3, -0.6, -0.5), 0.45),
    "clap": ArmShape((0.28, -0.62, 0.74), (-0.46, 0.30, 0.85), (-1, 0.1, -0.1), 0.05),
    "front": ArmShape((0.22, -0.18, 1), (0.02, 0.05, 1), (0, -1, 0.1), 0.1),
    "punch": ArmShape((0.18, -0.12, 1), (-0.08, 0.08, 1), (-0.6, -0.8, 0), 1.0),
    "guard": ArmShape((0.42, -0.90, 0.25), (-0.18, 0.75, 0.75), (-0.9, 0, -0.2), 1.0),
    "low": ArmShape((0.28, -0.90, 0.42), (-0.40, -0.72, 0.62), (-0.4, -0.4, -0.9), 0.3),
    "back": ArmShape((0.32, -0.95, -0.42), (0.25, -1, 0.05), (-1, 0, 0.1), 0.4),
    "ahead": ArmShape((0.22, -0.88, 0.42), (0.0, 0.22, 1), (-1, 0, 0), 0.6),
    "head": ArmShape((0.85, 0.62, 0.0), (-0.62, 0.70, -0.22), (-0.7, -0.3, -0.2), 0.3),
    "ring": ArmShape((0.60, 0.88, 0.16), (-0.38, 0.95, 0.20), (-0.5, -0.8, 0), 0.2),
    "wave_low": ArmShape((0.95, -0.38, 0.1), (1, 0.10, 0.2), (0, -1, 0.2), 0.15),
    "wave_high": ArmShape((0.95, 0.36, 0.1), (0.95, -0.28, 0.25), (0, -1, 0), 0.2),
    "jazz": ArmShape((0.75, -0.60, 0.35), (0.62, 0.60, 0.50), (0, 0.2, 1), 0.0),
    "roll_in": ArmShape((0.40, -0.72, 0.58), (-0.62, 0.30, 0.74), (0, -0.5, -0.8), 0.8),
    "roll_out": ArmShape((0.46, -0.50, 0.74), (-0.58, -0.12, 0.82), (0, -0.8, -0.5), 0.8),
}
