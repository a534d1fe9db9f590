"""From poses to pictures: the trained poseGAN and FaceGAN paint a dance (paper IV-D)."""

import dataclasses
from collections.abc import Iterator, Sequence
from functools import partial

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.checkpoint import FaceGan, PoseGan
from danceit_core.imagination.networks.face import face_strength, patch_fade, patch_pose, place_patch
from danceit_core.imagination.networks.generator import Painting
from danceit_core.imagination.networks.precision import half_precision
from danceit_core.imagination.recall.layers import gather_layers
from danceit_core.imagination.recall.library import Lending, Loan, boxes_of
from danceit_core.imagination.rendering.batches import Past, make_condition, to_pictures, to_tensor
from danceit_core.imagination.rendering.compose import compose, spread_opacity, to_host
from danceit_core.imagination.rendering.edges import floor_near, soften_shadow
from danceit_core.imagination.rendering.full_size import Recall
from danceit_core.imagination.rendering.placed import on_device
from danceit_core.imagination.rendering.workers import at_once
from danceit_core.imagination.target.view import Window
from danceit_core.media.letterbox import Picture
from danceit_core.pose.skeleton import Keypoints, present


def render_dance(
    poses: Keypoints,
    *,
    pose_gan: PoseGan,
    face_gan: FaceGan | None,
    size: tuple[int, int] | None = None,
    corners: NDArray[np.float32] | None = None,
    lending: Lending | None = None,
    batch_size: int,
    device: torch.device,
) -> Iterator[Picture]:
    """Yield one uint8 picture (h, w, 3) for each of (T, 25, 3) poses, a batch at a time.

    poses: pixels of the poseGAN's plate; joints may be absent or outside; a pose without any joint gives the empty room
    (black where the poseGAN has no plate). face_gan: None leaves the faces as they are. size: (width, height) of the
    pictures, corners (T, 2): their upper left corners on the plate; None: the whole plate. lending: the frames that
    lend to the dance, for a poseGAN that recalls.
    Raises ImaginationError for a picture larger than the plate, or if `lending` is missing but needed.
    """
    whole = pose_gan.view.size
    size = size or whole
    if batch_size < 1:
        raise ImaginationError(f"batch_size is {batch_size}; set it to at least 1")
    if size[0] > whole[0] or size[1] > whole[1]:
        raise ImaginationError(
            f"a dance for pictures of {size[0]} x {size[1]} cannot be painted on a plate of {whole[0]} x {whole[1]} "
            "pixels; delete the dance and run again"
        )
    if pose_gan.generator.recalls and lending is None:
        raise ImaginationError("the poseGAN recalls the person's own pixels; give the target's frames and outlines")
    gan = with_view_of(pose_gan, poses)
    strength = face_strength(poses)
    places = np.zeros((len(poses), 2), np.float32) if corners is None else corners
    # The batch is divided among the cores: cores that share a layer wait for each other and for single-threaded work.
    # A GPU is kept busy by two threads, one of which draws or pastes.
    workers = min(torch.get_num_threads() if device.type == "cpu" else 2, batch_size)
    step = batch_size // workers
    parts = [slice(start, start + step) for start in range(0, len(poses), step)]

    def finish(part: slice, painted: NDArray[np.uint8]) -> list[Picture]:
        if face_gan is not None:
            painted = refine_faces(face_gan, painted, poses[part], strength=strength[part], device=device)
        return [cut_picture(picture, corner, size=size) for picture, corner in zip(painted, places[part], strict=True)]

    def paint_and_finish(part: slice, loan: Loan | None) -> list[Picture]:
        return finish(part, paint(gan, poses[part], device=device, loan=loan))

    def lend(part: slice) -> Loan | None:
        return None if lending is None else lending.loan(part, device)

    # Lending frames are read here, part by part, while other parts are painted.
    jobs = (partial(paint_and_finish, part, lend(part)) for part in parts)
    if gan.settings.previous_frame:
        jobs = (partial(finish, part, painted) for part, painted in _one_by_one(gan, poses, device=device))
    for pictures in at_once(jobs, workers=workers):
        yield from pictures


def cut_picture(plate: Picture, corner: NDArray[np.float32], *, size: tuple[int, int]) -> Picture:
    """The part of `size` (width, height) of a painted plate whose upper left corner lies at `corner` (2,), pixels.

    It is interpolated between pixels, so that a camera that follows slowly does not jump from pixel to pixel.
    """
    whole = np.round(corner).astype(int)
    if (np.abs(corner - whole) < 1e-3).all():
        left, top = whole
        return np.ascontiguousarray(plate[top : top + size[1], left : left + size[0]])
    shift = np.array([[1, 0, -corner[0]], [0, 1, -corner[1]]], np.float64)
    return cv2.warpAffine(plate, shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _one_by_one(gan: PoseGan, poses: Keypoints, *, device: torch.device) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
    """Pictures of all poses, one by one, for a poseGAN that sees the previous frame, with the frames they belong to."""
    previous = [blank(gan)]
    for number in range(len(poses)):
        part = slice(number, number + 1)
        pictures = paint(gan, poses[part], device=device, previous=previous)
        previous = [Past(pictures[0].copy(), poses[number])]  # copied: the receiver may draw on the picture
        yield part, pictures


def paint(
    gan: PoseGan,
    poses: Keypoints,
    *,
    device: torch.device,
    previous: Sequence[Past] | None = None,
    loan: Loan | None = None,
) -> NDArray[np.uint8]:
    """Pictures uint8 (N, H, W, 3) of (N, 25, 3) poses in pixels of those pictures, without FaceGAN.

    previous: the previous painting of each, for a poseGAN that uses it; None: the dance begins here. loan: what other
    frames lend to the poses, for one that recalls (`recall.library.Shelf`).
    """
    return to_host(_paint(gan, poses, device=device, previous=previous, loan=loan)[0])


def paint_layers(
    gan: PoseGan,
    poses: Keypoints,
    *,
    device: torch.device,
    previous: Sequence[Past] | None = None,
    loan: Loan | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """`paint`, and the person's share of each pixel (N, H, W), 0..1, for a poseGAN with plate."""
    pictures, painting, windows = _paint(gan, poses, device=device, previous=previous, loan=loan)
    opacity = spread_opacity(painting, windows, view=gan.view)
    opacity[~present(poses).any(-1)] = 0
    return to_host(pictures), opacity


@torch.inference_mode()
def _paint(
    gan: PoseGan,
    poses: Keypoints,
    *,
    device: torch.device,
    previous: Sequence[Past] | None,
    loan: Loan | None = None,
) -> tuple[Tensor, Painting, list[Window]]:
    """Pictures, uint8 (N, H, W, 3) on the device, and the parts that they were composed of."""
    windows = [gan.view.place(pose, body_px=gan.body_px) for pose in poses]
    recalled = recall = None
    if loan is not None:
        size = gan.view.network
        small, full = loan.sources(poses, boxes_of(windows), size=size, body_px=gan.body_px)
        recalled = gather_layers(small, loan.shares, size=size)
    if gan.settings.previous_frame and previous is None:
        previous = [blank(gan)] * len(poses)
    condition = make_condition(
        poses,
        settings=gan.settings,
        view=gan.view,
        plate=gan.plate,
        body_px=gan.body_px,
        device=device,
        windows=windows,
        previous=previous,
        recalled=recalled,
        near_body=True,
    )
    with half_precision(device):
        painting = gan.generator(condition.pose, **condition.inputs)
    if loan is not None:
        if painting.cover is not None and condition.plate is not None:
            floor = floor_near(poses, windows, view=gan.view, body_px=gan.body_px, device=device)
            painting = soften_shadow(painting, condition.plate, floor, body_px=gan.body_px * gan.view.scale)
        recall = Recall.of(full, loan.shares, view=gan.view, flow=painting.flow)
    plate = None if gan.plate is None else on_device(gan.plate, device)
    pictures = compose(painting, windows, view=gan.view, plate=plate, recall=recall)
    if plate is not None:
        for number in np.flatnonzero(~present(poses).any(-1)).tolist():
            pictures[number] = plate
    return pictures, painting, windows


def paint_before(
    gan: PoseGan,
    keypoints: Keypoints,
    follows: NDArray[np.bool_],
    numbers: NDArray[np.int64],
    *,
    steps: int,
    device: torch.device,
) -> list[Past]:
    """The paintings before frames `numbers` (N,) of a dance (T, 25, 3) that began `steps` frames earlier.

    follows (T,): whether a frame directly follows the previous one; a dance begins where it does not.
    """
    previous = [blank(gan)] * len(numbers)
    for back in range(steps, 0, -1):
        there = [k for k, n in enumerate(numbers) if n >= back and follows[n - back + 1 : n + 1].all()]
        if there:
            poses, before = keypoints[numbers[there] - back], [previous[k] for k in there]
            pictures = paint(gan, poses, device=device, previous=before)
            for k, picture, pose in zip(there, pictures, poses, strict=True):
                previous[k] = Past(picture, pose)
    return previous


def blank(gan: PoseGan) -> Past:
    """The state before the first frame: the empty room, or black, without a person."""
    room = np.zeros((*gan.view.size[::-1], 3), np.uint8) if gan.plate is None else gan.plate
    return Past(room, np.zeros((25, 3), np.float32))


@torch.inference_mode()
def refine_faces(
    gan: FaceGan,
    pictures: NDArray[np.uint8],
    poses: Keypoints,
    *,
    strength: NDArray[np.float32],
    device: torch.device,
) -> NDArray[np.uint8]:
    """Add the FaceGAN's residual, times `strength` (N,), to the patches around the noses; the rest is unchanged."""
    size = pictures.shape[2], pictures.shape[1]
    places = {
        number: place
        for number, pose in enumerate(poses)
        if strength[number] > 0 and (place := place_patch(pose, side=gan.side, size=size))
    }
    if not places:
        return pictures
    drawn = [patch_pose(poses[n], place, size=size) for n, place in places.items()]
    patches = to_tensor(np.stack([pictures[n][place.slices] for n, place in places.items()]), device)
    weight = torch.from_numpy(strength[list(places)]).to(device)[:, None, None, None] * patch_fade(gan.side, device)
    with half_precision(device):
        residual = gan.generator(patches, to_tensor(np.stack(drawn), device))
    refined = pictures.copy()
    for (number, place), patch in zip(places.items(), to_pictures(patches + weight * residual), strict=True):
        refined[number][place.slices] = patch
    return refined


def with_view_of(gan: PoseGan, poses: Keypoints) -> PoseGan:
    """The same poseGAN with windows that hold these poses: one size for a whole dance, to avoid flicker."""
    return dataclasses.replace(gan, view=gan.view.widened(poses, body_px=gan.body_px, stride=gan.generator.stride))
