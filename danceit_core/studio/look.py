"""How a dancer looks: the choices that `paint`, `clothes` and `hair` turn into surfaces and textures.

Colours are sRGB triples in 0..1; lengths are metres.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Top:
    """A shirt.

    sleeve: its length along the arm (1 elbow, 2 wrist). loose: how far the cloth hangs off the body. hem_m: how far it
    reaches below the waist, negative if it is tucked into a skirt. collar_drop_m: how much lower than the neckline the
    collar lies. stripe: colour of stripes every `stripe_m`, or of a disc on the chest if `stripe_m` is 0.
    """

    colour: Colour
    sleeve: float = 0.5
    loose: float = 0.012
    hem_m: float = 0.09
    collar_drop_m: float = 0.0
    stripe: Colour | None = None
    stripe_m: float = 0.0


@dataclass(frozen=True)
class Bottom:
    """Trousers. hem_m: height of the hem above the ankle. skirt: its colour, if one is worn. seam: colour of a side
    stripe.
    """

    colour: Colour
    loose: float = 0.012
    hem_m: float = 0.0
    skirt: Colour | None = None
    seam: Colour | None = None


@dataclass(frozen=True)
class Hair:
    """style: `short`, `curly`, `bob`, `ponytail` or `bun`. beard: share of the skin that a beard hides, 0..1."""

    style: str
    colour: Colour
    beard: float = 0.0


@dataclass(frozen=True)
class Look:
    """A person: blend shapes of the mesh (name: share) and what they wear. makeup, smile: 0..1."""

    shapes: Mapping[str, float]
    skin: Colour
    hair: Hair
    top: Top
    bottom: Bottom
    shoes: Colour
    lips: Colour
    iris: Colour = (0.28, 0.17, 0.09)
    makeup: float = 0.0
    smile: float = 0.35
