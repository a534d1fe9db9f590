"""From poses to pictures: the trained poseGAN and FaceGAN paint a dance (paper IV-D)."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from danceit_core.errors import ImaginationError
from danceit_core.imagination.adversarial import half_precision
from danceit_core.imagination.batches import make_condition, paste, to_pictures, to_tensor
from danceit_core.imagination.checkpoint import FaceGan, PoseGan
from danceit_core.imagination.data import fit_keypoints
from danceit_core.imagination.face import face_strength, patch_fade, place_patch
from danceit_core.imagination.region import window_size
from danceit_core.media.letterbox import resize
from danceit_core.pose.draw import pose_picture
from danceit_core.pose.skeleton import Keypoints


def render_dance(
    poses: Keypoints,
    *,
    pose_gan: PoseGan,
    face_gan: FaceGan | None,
    size: int,
    batch_size: int,
    device: torch.device,
) -> Iterator[NDArray[np.uint8]]:
    """Yield one uint8 picture (size, size, 3) for each of (T, 25, 3) poses, a batch at a time.

    poses: pixels of the size x size picture; joints may be absent or outside; a pose without any joint gives the
    empty room (black where the poseGAN has no plate). face_gan: None leaves the faces as they are.
    """
    if batch_size < 1 or size < 1:
        raise ImaginationError(f"batch_size is {batch_size} and size {size}; both are at least 1")
    image_size = pose_gan.settings.image_size
    fitted = fit_keypoints(poses, size=(size, size), image_size=image_size)
    gan = _with_window_for(pose_gan, fitted)
    strength = face_strength(fitted)
    for start in range(0, len(fitted), batch_size):
        part = slice(start, start + batch_size)
        pictures = paint(gan, fitted[part], device=device)
        if face_gan is not None:
            pictures = refine_faces(face_gan, pictures, fitted[part], strength=strength[part], device=device)
        for picture in pictures:
            yield resize(picture, (size, size))


@torch.inference_mode()
def paint(gan: PoseGan, poses: Keypoints, *, device: torch.device) -> NDArray[np.uint8]:
    """Pictures uint8 (N, S, S, 3) of (N, 25, 3) poses in pixels of the poseGAN's own picture, without FaceGAN."""
    condition = make_condition(
        poses,
        image_size=gan.settings.image_size,
        plate=gan.plate,
        window=gan.window,
        charted=gan.settings.body_chart,
        body_px=gan.body_px,
        device=device,
    )
    with half_precision(device):
        painting = gan.generator(condition.pose, chart=condition.chart, plate=condition.plate, limit=condition.limit)
    pictures = paste(to_pictures(painting.picture), condition.windows, plate=gan.plate)
    if gan.plate is not None:
        pictures[(poses[..., 2] > 0).sum(-1) == 0] = gan.plate
    return pictures


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
    image_size = pictures.shape[1]
    places = {
        number: place
        for number, pose in enumerate(poses)
        if strength[number] > 0 and (place := place_patch(pose, side=gan.side, image_size=image_size))
    }
    if not places:
        return pictures
    drawn = [pose_picture(poses[n], size=(image_size, image_size))[place.slices] for n, place in places.items()]
    patches = to_tensor(np.stack([pictures[n][place.slices] for n, place in places.items()]), device)
    weight = torch.from_numpy(strength[list(places)]).to(device)[:, None, None, None] * patch_fade(gan.side, device)
    with half_precision(device):
        residual = gan.generator(patches, to_tensor(np.stack(drawn), device))
    refined = pictures.copy()
    for (number, place), patch in zip(places.items(), to_pictures(patches + weight * residual), strict=True):
        refined[number][place.slices] = patch
    return refined


def _with_window_for(gan: PoseGan, poses: Keypoints) -> PoseGan:
    """The same poseGAN, its window enlarged to hold these poses: one size for a whole dance, lest it flickers."""
    if gan.plate is None:
        return gan
    stride = gan.generator.stride
    need = window_size(poses, body_px=gan.body_px, image_size=gan.settings.image_size, stride=stride, share=1.0)
    return dataclasses.replace(gan, window=(max(gan.window[0], need[0]), max(gan.window[1], need[1])))
