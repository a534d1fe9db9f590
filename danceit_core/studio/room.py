"""Rooms to dance in: floor, walls and furniture made of boxes, with patterns and lamps.

A room is drawn once for its camera (`tracing`); the dancer's shadow and reflection are added in every frame.
"""

from dataclasses import dataclass

from danceit_core.studio.look import Colour

Triple = tuple[float, float, float]
PLAIN, PLANKS, BRICKS, SLATS, PAINTING, LAMP = range(6)


@dataclass(frozen=True)
class Block:
    """A box from `low` to `high` (x, y, z in metres). A box with pattern LAMP shines in its colour."""

    low: Triple
    high: Triple
    colour: Colour
    pattern: int = PLAIN


@dataclass(frozen=True)
class Room:
    """back_z: place of the back wall. key, sky, ground: light from the lamp, from all around, from below.

    spot_m: radius of the lamp's pool of light. gloss: reflectance of the floor, 0..1.
    """

    floor: Colour
    floor_pattern: int
    wall: Colour
    wall_pattern: int
    blocks: tuple[Block, ...] = ()
    back_z: float = -2.3
    key: Colour = (1.0, 0.95, 0.88)
    sky: Colour = (0.52, 0.55, 0.60)
    ground: Colour = (0.26, 0.24, 0.22)
    spot_m: float = 4.0
    gloss: float = 0.12
    light_from: Triple = (-0.55, 1.0, 0.85)
    seed: int = 0


def _skirting(room_width: float, back_z: float, colour: Colour) -> Block:
    return Block((-room_width, 0.0, back_z), (room_width, 0.13, back_z + 0.02), colour)


def _frame(x: float, y: float, width: float, height: float, back_z: float, colour: Colour) -> tuple[Block, Block]:
    """A framed picture on the back wall."""
    rim = Block(
        (x - width / 2, y - height / 2, back_z), (x + width / 2, y + height / 2, back_z + 0.03), (0.12, 0.10, 0.09)
    )
    edge = 0.03
    inner = Block(
        (x - width / 2 + edge, y - height / 2 + edge, back_z),
        (x + width / 2 - edge, y + height / 2 - edge, back_z + 0.034),
        colour,
        PAINTING,
    )
    return rim, inner


def _window(x: float, y: float, width: float, height: float, back_z: float) -> tuple[Block, ...]:
    """A bright window in the back wall, with a horizontal and a vertical bar."""
    white = (0.84, 0.84, 0.83)
    left, right, low, high = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    return (
        Block((left - 0.05, low - 0.05, back_z), (right + 0.05, high + 0.05, back_z + 0.02), white),
        Block((left, low, back_z), (right, high, back_z + 0.03), (0.74, 0.80, 0.87), LAMP),
        Block((x - 0.02, low, back_z), (x + 0.02, high, back_z + 0.05), white),
        Block((left, y + 0.14, back_z), (right, y + 0.18, back_z + 0.05), white),
    )


def _speaker(x: float, z: float, height: float) -> tuple[Block, ...]:
    """A loudspeaker: cabinet and two lighter cones."""
    dark, cone = (0.06, 0.06, 0.065), (0.16, 0.16, 0.17)
    front = z + 0.34
    return (
        Block((x - 0.24, 0, z), (x + 0.24, height, front), dark),
        Block((x - 0.17, 0.10, front), (x + 0.17, 0.46, front + 0.012), cone),
        Block((x - 0.10, 0.58, front), (x + 0.10, 0.78, front + 0.012), cone),
    )


LOFT = Room(
    floor=(0.56, 0.38, 0.23),
    floor_pattern=PLANKS,
    wall=(0.74, 0.69, 0.63),
    wall_pattern=BRICKS,
    blocks=(
        _skirting(6, -2.3, (0.30, 0.27, 0.25)),
        *_speaker(-1.55, -2.15, 0.95),
        *_frame(1.25, 1.62, 0.75, 0.95, -2.3, (0.20, 0.38, 0.52)),
        Block((0.95, 0.0, -2.2), (1.75, 0.40, -1.8), (0.45, 0.28, 0.16), SLATS),
        Block((1.05, 0.40, -2.12), (1.22, 0.66, -1.95), (0.75, 0.42, 0.28)),
        Block((1.45, 0.40, -2.15), (1.50, 0.62, -1.92), (0.22, 0.40, 0.36)),
        Block((1.51, 0.40, -2.15), (1.55, 0.66, -1.92), (0.70, 0.58, 0.30)),
        Block((1.56, 0.40, -2.15), (1.61, 0.60, -1.92), (0.55, 0.20, 0.20)),
    ),
    seed=1,
)
BALLET = Room(
    floor=(0.42, 0.40, 0.39),
    floor_pattern=PLANKS,
    wall=(0.36, 0.55, 0.55),
    wall_pattern=PLAIN,
    blocks=(
        _skirting(6, -2.3, (0.88, 0.87, 0.84)),
        Block((-2.4, 1.02, -2.18), (2.4, 1.07, -2.13), (0.72, 0.52, 0.32)),
        *(Block((x - 0.02, 0.98, -2.3), (x + 0.02, 1.03, -2.14), (0.75, 0.75, 0.75)) for x in (-1.6, -0.55, 0.55, 1.6)),
        Block((-2.05, 1.45, -2.3), (-0.95, 2.6, -2.27), (0.80, 0.88, 0.97), LAMP),
        Block((-1.52, 1.45, -2.27), (-1.48, 2.6, -2.25), (0.85, 0.85, 0.83)),
        Block((-2.05, 2.0, -2.27), (-0.95, 2.04, -2.25), (0.85, 0.85, 0.83)),
    ),
    key=(0.95, 0.96, 1.0),
    sky=(0.56, 0.60, 0.64),
    light_from=(-0.8, 1.0, 0.7),
    seed=2,
)
NEON = Room(
    floor=(0.27, 0.26, 0.30),
    floor_pattern=PLANKS,
    wall=(0.29, 0.27, 0.35),
    wall_pattern=BRICKS,
    blocks=(
        Block((-1.75, 0.5, -2.28), (-1.71, 2.3, -2.24), (1.0, 0.22, 0.62), LAMP),
        Block((1.71, 0.5, -2.28), (1.75, 2.3, -2.24), (0.15, 0.72, 1.0), LAMP),
        Block((-0.55, 2.12, -2.28), (0.55, 2.16, -2.24), (1.0, 0.62, 0.25), LAMP),
        *_speaker(1.25, -2.15, 1.05),
    ),
    key=(1.1, 1.0, 0.96),
    sky=(0.52, 0.47, 0.60),
    ground=(0.24, 0.20, 0.28),
    spot_m=2.4,
    gloss=0.22,
    seed=3,
)
LIVING = Room(
    floor=(0.47, 0.31, 0.20),
    floor_pattern=PLANKS,
    wall=(0.80, 0.74, 0.64),
    wall_pattern=PLAIN,
    blocks=(
        _skirting(6, -2.3, (0.92, 0.91, 0.88)),
        Block((-1.45, 0.0, -2.2), (-0.05, 0.42, -1.55), (0.27, 0.42, 0.40)),
        Block((-1.45, 0.42, -2.2), (-0.05, 0.80, -1.98), (0.25, 0.39, 0.37)),
        Block((-1.60, 0.0, -2.2), (-1.45, 0.58, -1.52), (0.24, 0.37, 0.35)),
        Block((-0.05, 0.0, -2.2), (0.10, 0.58, -1.52), (0.24, 0.37, 0.35)),
        Block((-1.30, 0.42, -1.97), (-1.00, 0.68, -1.85), (0.85, 0.62, 0.28)),
        *_frame(-1.15, 1.72, 0.55, 0.7, -2.3, (0.75, 0.42, 0.30)),
        *_frame(-0.45, 1.72, 0.55, 0.7, -2.3, (0.35, 0.50, 0.40)),
        Block((1.38, 0.0, -2.05), (1.42, 1.55, -2.01), (0.20, 0.17, 0.14)),
        Block((1.25, 1.50, -2.18), (1.55, 1.82, -1.88), (1.0, 0.86, 0.60), LAMP),
        Block((-1.5, 0.0, -1.25), (1.5, 0.008, 1.05), (0.66, 0.60, 0.52), SLATS),
    ),
    key=(1.0, 0.93, 0.82),
    sky=(0.56, 0.53, 0.50),
    seed=4,
)
PLAIN_STUDIO = Room(
    floor=(0.60, 0.59, 0.58),
    floor_pattern=PLAIN,
    wall=(0.62, 0.67, 0.72),
    wall_pattern=PLAIN,
    # Plain behind the dancer; wide pictures and panning cameras see furniture at the sides.
    blocks=(
        _skirting(14, -2.3, (0.85, 0.86, 0.87)),
        *_window(-2.42, 1.75, 0.95, 1.25, -2.3),
        Block((-2.95, 0.0, -2.25), (-1.95, 0.09, -1.95), (0.70, 0.71, 0.72)),
        Block((-2.90, 0.09, -2.25), (-2.00, 0.45, -1.97), (0.58, 0.44, 0.30), SLATS),
        *_speaker(2.30, -2.15, 1.00),
        *_frame(2.62, 1.72, 0.50, 0.70, -2.3, (0.62, 0.36, 0.30)),
        Block((4.05, 0.0, -2.3), (4.95, 2.05, -2.26), (0.46, 0.38, 0.31)),
        Block((4.15, 0.0, -2.26), (4.85, 1.97, -2.24), (0.66, 0.56, 0.44), SLATS),
        *_window(-4.65, 1.75, 0.95, 1.25, -2.3),
    ),
    sky=(0.58, 0.60, 0.63),
    gloss=0.06,
    seed=5,
)
