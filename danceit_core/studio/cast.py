"""The studio's clips: who dances where and to which song. Four dancers, and the target person."""

from dataclasses import dataclass
from fractions import Fraction

from danceit_core.studio.look import Bottom, Hair, Look, Top
from danceit_core.studio.room import BALLET, LIVING, LOFT, NEON, PLAIN_STUDIO, Room

WOMAN = "macrodetails/universal-female-young-averagemuscle-averageweight"
SLIM_WOMAN = "macrodetails/universal-female-young-averagemuscle-minweight"
MAN = "macrodetails/universal-male-young-averagemuscle-averageweight"
SLIM_MAN = "macrodetails/universal-male-young-averagemuscle-minweight"
SOFT_MAN = "macrodetails/universal-male-young-minmuscle-averageweight"


@dataclass(frozen=True)
class Clip:
    """One recording. seed: that of song and routine. cover: dance all moves instead of those that fit the song.

    aspect: width of the picture over its height.
    """

    look: Look
    room: Room
    tempo_bpm: float
    seed: int
    aspect: Fraction = Fraction(1)
    camera_side_m: float = 0.0
    cover: bool = False


RED_SHIRT = Look(
    shapes={MAN: 0.6, SOFT_MAN: 0.4, "macrodetails/caucasian-male-young": 1.0},
    skin=(0.86, 0.67, 0.56),
    hair=Hair("short", (0.20, 0.13, 0.08), beard=0.75),
    top=Top((0.74, 0.16, 0.15), sleeve=0.55, loose=0.016, stripe=(0.95, 0.93, 0.88)),
    bottom=Bottom((0.17, 0.23, 0.38), loose=0.014),
    shoes=(0.20, 0.20, 0.22),
    lips=(0.72, 0.45, 0.40),
)
STRIPES = Look(
    shapes={WOMAN: 0.6, SLIM_WOMAN: 0.4, "macrodetails/asian-female-young": 1.0},
    skin=(0.91, 0.74, 0.62),
    hair=Hair("ponytail", (0.09, 0.065, 0.055)),
    top=Top((0.93, 0.91, 0.86), sleeve=1.35, loose=0.010, stripe=(0.16, 0.26, 0.48), stripe_m=0.055),
    bottom=Bottom((0.13, 0.13, 0.15), loose=0.002, hem_m=0.05),
    shoes=(0.80, 0.22, 0.30),
    lips=(0.78, 0.38, 0.40),
    makeup=0.5,
)
YELLOW_SWEATER = Look(
    shapes={MAN: 0.5, SLIM_MAN: 0.5, "macrodetails/african-male-young": 1.0},
    skin=(0.44, 0.29, 0.21),
    hair=Hair("curly", (0.075, 0.055, 0.05), beard=0.25),
    top=Top((0.90, 0.68, 0.14), sleeve=1.85, loose=0.020),
    bottom=Bottom((0.33, 0.34, 0.36), loose=0.020, seam=(0.92, 0.92, 0.92)),
    shoes=(0.88, 0.88, 0.90),
    lips=(0.48, 0.27, 0.24),
)
GREEN_SKIRT = Look(
    shapes={WOMAN: 1.0, "macrodetails/caucasian-female-young": 1.0},
    skin=(0.90, 0.71, 0.61),
    hair=Hair("bob", (0.48, 0.22, 0.10)),
    top=Top((0.14, 0.45, 0.40), sleeve=0.35, loose=0.006, hem_m=-0.02, collar_drop_m=0.012),
    bottom=Bottom((0.15, 0.14, 0.17), loose=0.002, hem_m=0.06, skirt=(0.30, 0.26, 0.50)),
    shoes=(0.28, 0.20, 0.16),
    lips=(0.75, 0.26, 0.28),
    iris=(0.30, 0.45, 0.32),
    makeup=0.7,
)
ORANGE_SHIRT = Look(
    shapes={
        WOMAN: 0.7,
        SLIM_WOMAN: 0.3,
        "macrodetails/caucasian-female-young": 0.6,
        "macrodetails/asian-female-young": 0.4,
    },
    skin=(0.82, 0.62, 0.49),
    hair=Hair("bun", (0.17, 0.10, 0.06)),
    top=Top((0.88, 0.42, 0.22), sleeve=0.60, loose=0.013),
    bottom=Bottom((0.16, 0.27, 0.26), loose=0.012, seam=(0.85, 0.82, 0.70)),
    shoes=(0.92, 0.91, 0.88),
    lips=(0.74, 0.36, 0.36),
    makeup=0.4,
)

CLIPS: dict[str, Clip] = {
    "dancer_1": Clip(RED_SHIRT, LOFT, 104, seed=11, aspect=Fraction(4, 3), camera_side_m=0.15),
    "dancer_2": Clip(STRIPES, BALLET, 124, seed=12, aspect=Fraction(3, 4), camera_side_m=-0.10),
    "dancer_3": Clip(YELLOW_SWEATER, NEON, 84, seed=13),
    "dancer_4": Clip(GREEN_SKIRT, LIVING, 144, seed=14, aspect=Fraction(16, 9), camera_side_m=-0.15),
    "target": Clip(ORANGE_SHIRT, PLAIN_STUDIO, 112, seed=15, aspect=Fraction(16, 9), cover=True),
}
# The song that the demo's target person will dance to.
SONG_TEMPO_BPM, SONG_SEED = 112, 21
