"""From poses to pictures: the trained poseGAN and FaceGAN paint a dance (paper IV-D)."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.adversarial import half_precision
from danceit_core.imagination.batches import Condition, compose, make_condition, to_pictures, to_tensor
from danceit_core.imagination.checkpoint import FaceGan, PoseGan
from danceit_core.imagination.data import fit_keypoints
from danceit_core.imagination.face import face_strength, patch_fade, place_patch
from danceit_core.media.ahead import made_ahead
from danceit_core.media.letterbox import Picture, resize
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.skeleton import Keypoints, present


def render_dance(
    poses: Keypoints,
    *,
    pose_gan: PoseGan,
    face_gan: FaceGan | None,
    size: int,
    batch_size: int,
    device: torch.device,
) -> Iterator[Picture]:
    """Yield one uint8 picture (size, size, 3) for each of (T, 25, 3) poses, a batch at a time.

    poses: pixels of the size x size picture; joints may be absent or outside; a pose without any joint gives the
    empty room (black where the poseGAN has no plate). face_gan: None leaves the faces as they are.
    """
    if batch_size < 1 or size < 1:
        raise ImaginationError(f"batch_size is {batch_size} and size {size}; both are at least 1")
    fitted = fit_keypoints(poses, size=(size, size), picture_size=pose_gan.view.picture_size)
    gan = _with_view_of(pose_gan, fitted)
    strength = face_strength(fitted)
    paint_them = _one_by_one if gan.settings.previous_frame else _in_batches
    start = 0
    for painted in paint_them(gan, fitted, batch_size=batch_size, device=device):
        part = slice(start, start + len(painted))
        start, pictures = part.stop, painted
        if face_gan is not None:
            pictures = refine_faces(face_gan, painted, fitted[part], strength=strength[part], device=device)
        for picture in pictures:
            yield resize(picture, (size, size))


def _in_batches(
    gan: PoseGan, poses: Keypoints, *, batch_size: int, device: torch.device
) -> Iterator[NDArray[np.uint8]]:
    """Pictures of all poses, batch by batch; what the next ones are painted from is drawn meanwhile."""
    parts = (poses[start : start + batch_size] for start in range(0, len(poses), batch_size))
    drawn = ((part, _see(gan, part, device=device, previous=None)) for part in parts)
    with made_ahead(drawn, most=2) as ready:
        for part, condition in ready:
            yield _paint(gan, part, condition, device=device)


def _one_by_one(
    gan: PoseGan, poses: Keypoints, *, batch_size: int, device: torch.device
) -> Iterator[NDArray[np.uint8]]:
    """The same for a poseGAN that sees the frame before."""
    previous = [blank(gan)]
    for number in range(len(poses)):
        pictures = paint(gan, poses[number : number + 1], device=device, previous=previous)
        previous = list(pictures.copy())  # whoever gets the pictures may draw on them
        yield pictures


def paint(
    gan: PoseGan, poses: Keypoints, *, device: torch.device, previous: Sequence[Picture] | None = None
) -> NDArray[np.uint8]:
    """Pictures uint8 (N, S, S, 3) of (N, 25, 3) poses in pixels of those pictures, without FaceGAN.

    previous: the N pictures painted before, for a poseGAN that wants them; None: the dance begins here.
    """
    return _paint(gan, poses, _see(gan, poses, device=device, previous=previous), device=device)


def _see(gan: PoseGan, poses: Keypoints, *, device: torch.device, previous: Sequence[Picture] | None) -> Condition:
    if gan.settings.previous_frame and previous is None:
        previous = [blank(gan)] * len(poses)
    return make_condition(
        poses,
        settings=gan.settings,
        view=gan.view,
        plate=gan.plate,
        body_px=gan.body_px,
        device=device,
        previous=previous,
    )


@torch.inference_mode()
def _paint(gan: PoseGan, poses: Keypoints, condition: Condition, *, device: torch.device) -> NDArray[np.uint8]:
    with half_precision(device):
        painting = gan.generator(condition.pose, **condition.inputs)
    pictures = compose(painting, condition.windows, view=gan.view, plate=gan.plate)
    if gan.plate is not None:
        pictures[~present(poses).any(-1)] = gan.plate
    return pictures


def paint_before(
    gan: PoseGan,
    keypoints: Keypoints,
    follows: NDArray[np.bool_],
    numbers: NDArray[np.int64],
    *,
    steps: int,
    device: torch.device,
) -> list[Picture]:
    """The pictures painted before frames `numbers` (N,) of a dance (T, 25, 3), which began `steps` frames earlier.

    follows (T,): whether a frame comes right after the one before it; a dance begins where it does not.
    """
    previous = [blank(gan)] * len(numbers)
    for back in range(steps, 0, -1):
        there = [k for k, n in enumerate(numbers) if n >= back and follows[n - back + 1 : n + 1].all()]
        if there:
            poses, before = keypoints[numbers[there] - back], [previous[k] for k in there]
            for k, picture in zip(there, paint(gan, poses, device=device, previous=before), strict=True):
                previous[k] = picture
    return previous


def blank(gan: PoseGan) -> Picture:
    """What was before the first frame: the empty room, or black."""
    size = gan.view.picture_size
    return np.zeros((size, size, 3), np.uint8) if gan.plate is None else gan.plate


@torch.inference_mode()
def refine_faces(
    gan: FaceGan,
    pictures: NDArray[np.uint8],
    poses: Keypoints,
    *,
    strength: NDArray[np.float32],
    device: torch.device,
) -> NDArray[np.uint8]:
    """Add the FaceGAN's residual, times `strength` (N,), to the patches around the noses; the rest stays as it is."""
    picture_size = pictures.shape[1]
    places = {
        number: place
        for number, pose in enumerate(poses)
        if strength[number] > 0 and (place := place_patch(pose, side=gan.side, picture_size=picture_size))
    }
    if not places:
        return pictures
    drawn = [pose_picture(poses[n], size=(picture_size, picture_size))[place.slices] for n, place in places.items()]
    patches = to_tensor(np.stack([pictures[n][place.slices] for n, place in places.items()]), device)
    weight = torch.from_numpy(strength[list(places)]).to(device)[:, None, None, None] * patch_fade(gan.side, device)
    with half_precision(device):
        residual = gan.generator(patches, to_tensor(np.stack(drawn), device))
    refined = pictures.copy()
    for (number, place), patch in zip(places.items(), to_pictures(patches + weight * residual), strict=True):
        refined[number][place.slices] = patch
    return refined


def _with_view_of(gan: PoseGan, poses: Keypoints) -> PoseGan:
    """The same poseGAN with windows that hold these poses: one size for a whole dance, lest it flickers."""
    return dataclasses.replace(gan, view=gan.view.widened(poses, body_px=gan.body_px, stride=gan.generator.stride))
