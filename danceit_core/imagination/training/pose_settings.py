"""Checks for settings of the poseGAN that are inconsistent, or do not suit the target."""

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
            f"pose_gan: image_size is {settings.image_size}; with downsamplings {settings.downsamplings}, set it to a "
            f"multiple of {stride}, at least {2 * stride}"
        )
    if settings.image_size < smallest_side(settings.discriminators):
        raise ImaginationError(
            f"pose_gan: {settings.discriminators} discriminators need pictures of at least "
            f"{smallest_side(settings.discriminators)} pixels, but image_size is {settings.image_size}; use fewer "
            "discriminators or a larger image_size"
        )
    if settings.image_size > settings.picture_size > 0:
        raise ImaginationError(
            f"pose_gan: image_size is {settings.image_size}, more than picture_size {settings.picture_size}; lower "
            "image_size, because more pixels than the picture has are never shown"
        )
    if settings.crop and not settings.background_plate:
        raise ImaginationError(
            "pose_gan: crop paints only the person and needs the room; set background_plate: true, or crop: false"
        )
    if settings.pose_input not in POSE_CHANNELS:
        raise ImaginationError(
            f"pose_gan: pose_input is {settings.pose_input!r}; use one of {', '.join(map(repr, POSE_CHANNELS))}"
        )
    if settings.perceptual not in BACKBONES:
        raise ImaginationError(
            f"pose_gan: perceptual is {settings.perceptual!r}; use one of {', '.join(map(repr, BACKBONES))}"
        )
    if settings.kernel % 2 == 0:
        raise ImaginationError(f"pose_gan: kernel is {settings.kernel}; set it to an odd number, such as 5 or 7")
    if settings.background_plate and target.plate is None:
        raise ImaginationError("pose_gan: background_plate is true, but the target has no plate; build the plate first")
    _check_painter(target, settings)
    if min(target.size) < smallest_side(settings.discriminators):
        raise ImaginationError(
            f"pose_gan: the target's pictures are {target.size[0]} x {target.size[1]} pixels, but "
            f"{settings.discriminators} discriminators need at least {smallest_side(settings.discriminators)}; "
            "film at a higher resolution, or use fewer discriminators"
        )
    if target.is_photograph:
        raise ImaginationError(
            "pose_gan: the target is a photograph, and a painter cannot be trained on one picture; its video is made "
            "without training: run results/videos/TARGET/SONG.mp4 or results/draft/TARGET/SONG.mp4"
        )
    if not target.training.any():
        raise ImaginationError("pose_gan: holdout_share leaves no frame to train on; lower it below 1")


def _check_painter(target: TargetFrames, settings: PoseGanSettings) -> None:
    if settings.painter not in PAINTERS:
        raise ImaginationError(
            f"pose_gan: painter is {settings.painter!r}; use one of {', '.join(map(repr, PAINTERS))}"
        )
    if settings.painter == "recall" and settings.previous_frame:
        raise ImaginationError("pose_gan: previous_frame works only with painter: paint; change one of the two")
    if settings.painter == "recall" and not settings.background_plate:
        raise ImaginationError("pose_gan: painter recall cuts the person out of the room; set background_plate: true")
    if settings.painter == "recall" and not target.film.has_outlines:
        raise ImaginationError("pose_gan: painter recall needs the target's outlines; make them, or set painter: paint")
