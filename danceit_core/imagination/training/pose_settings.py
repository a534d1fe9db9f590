"""Settings of the poseGAN that do not suit each other, or the target."""

from danceit_core.config import PoseGanSettings
from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.discriminator import smallest_side
from danceit_core.imagination.networks.generator import POSE_CHANNELS
from danceit_core.imagination.networks.perceptual import BACKBONES
from danceit_core.imagination.target.data import TargetFrames

PAINTERS = ("recall", "paint")


def check_settings(target: TargetFrames, settings: PoseGanSettings) -> None:
    """Raise ImaginationError naming the first key of pose_gan that cannot be used."""
    stride = 2 ** (settings.downsamplings + 1)
    if settings.image_size % stride or settings.image_size < 2 * stride:
        raise ImaginationError(
            f"pose_gan: image_size is {settings.image_size}; with downsamplings {settings.downsamplings} it must be a "
            f"multiple of {stride}, at least {2 * stride}"
        )
    if settings.image_size < smallest_side(settings.discriminators):
        raise ImaginationError(
            f"pose_gan: {settings.discriminators} discriminators need pictures of at least "
            f"{smallest_side(settings.discriminators)} pixels, image_size is {settings.image_size}; use fewer of them"
        )
    if settings.image_size > settings.picture_size > 0:
        raise ImaginationError(
            f"pose_gan: image_size is {settings.image_size}, more than picture_size {settings.picture_size}; nothing "
            "is gained by painting more than is shown"
        )
    if settings.crop and not settings.background_plate:
        raise ImaginationError(
            "pose_gan: crop paints the person only and needs background_plate: true for the room; or set crop: false"
        )
    if settings.pose_input not in POSE_CHANNELS:
        raise ImaginationError(
            f"pose_gan: pose_input is {settings.pose_input!r}; known are {', '.join(map(repr, POSE_CHANNELS))}"
        )
    if settings.perceptual not in BACKBONES:
        raise ImaginationError(
            f"pose_gan: perceptual is {settings.perceptual!r}; known are {', '.join(map(repr, BACKBONES))}"
        )
    if settings.kernel % 2 == 0:
        raise ImaginationError(f"pose_gan: kernel is {settings.kernel}; it must be odd, such as 5 or 7")
    if settings.background_plate and target.plate is None:
        raise ImaginationError("pose_gan: background_plate is true, but the target has no plate; build one")
    _check_painter(target, settings)
    if min(target.size) < smallest_side(settings.discriminators):
        raise ImaginationError(
            f"pose_gan: the target's pictures are {target.size[0]} x {target.size[1]} pixels, "
            f"{settings.discriminators} discriminators need at least {smallest_side(settings.discriminators)}; film "
            "larger ones, or use fewer of them"
        )
    if not target.training.any():
        raise ImaginationError("pose_gan: holdout_share leaves no frame to train on; lower it below 1")


def _check_painter(target: TargetFrames, settings: PoseGanSettings) -> None:
    if settings.painter not in PAINTERS:
        raise ImaginationError(f"pose_gan: painter is {settings.painter!r}; known are {', '.join(map(repr, PAINTERS))}")
    if settings.painter == "recall" and settings.previous_frame:
        raise ImaginationError("pose_gan: previous_frame is an option of painter: paint; choose one of the two")
    if settings.painter == "recall" and not settings.background_plate:
        raise ImaginationError("pose_gan: painter recall cuts the person out of the room; set background_plate: true")
    if settings.painter == "recall" and not target.film.has_outlines:
        raise ImaginationError("pose_gan: painter recall needs the outlines of the target; or set painter: paint")
