"""Several people on one stage, dancing to one song (the paper: "by repeating this process").

Each person is painted by their own networks in their own picture and cut out of it by the network's opacity. They are
placed side by side in the first person's room, all as tall as the first, with their feet on one line, and smaller if
there are too many for the picture. The first stands in front of the others.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from danceit_core.choreography.normalise import whole_body
from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.checkpoint import FaceGan, PoseGan, load_face_gan, load_pose_gan
from danceit_core.imagination.networks.face import face_strength
from danceit_core.imagination.recall.library import Lending, Shelf
from danceit_core.imagination.rendering.batches import Past
from danceit_core.imagination.rendering.draft import TargetFiles
from danceit_core.imagination.rendering.render import blank, paint_layers, refine_faces, with_view_of
from danceit_core.media.letterbox import Picture
from danceit_core.pose.measure import Body
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.plate import Box, on_plate, still_picture
from danceit_core.pose.skeleton import MIRROR, Keypoints
from danceit_core.pose.table import read_pose_table

Affine = NDArray[np.float64]
# A dancer with outstretched arms is about this wide, body heights.
WIDTH = 1.1
# Between these opacities, paint changes from transparent (an outline, a shadow) to a solid body.
OPAQUE = (0.4, 0.7)


@dataclass(frozen=True)
class Dancer:
    """A person, their dance (T, 25, 3) and their usual size and place, both in pixels of their own plate.

    picture: the part of the plate that a static camera shows, left, top, width and height. shelf: the lending frames,
    for a poseGAN that recalls.
    """

    name: str
    poses: Keypoints
    body: Body
    picture: Box
    pose_gan: PoseGan
    face_gan: FaceGan | None
    shelf: Shelf | None = None


def gather(
    names: Sequence[str],
    poses: Sequence[str | Path],
    targets: Sequence[str | Path],
    pose_gans: Sequence[str | Path],
    face_gans: Sequence[str | Path],
    *,
    lending: Sequence[TargetFiles] = (),
    device: torch.device,
) -> list[Dancer]:
    """Read the dancers from files: dance, table on the plate and networks of each; face_gans may be empty.

    lending: the files of each dancer's frames, for poseGANs that recall.
    """
    dancers = []
    for number, name in enumerate(names):
        target = read_pose_table(targets[number])
        gan = load_pose_gan(pose_gans[number], device=device)
        dancers.append(
            Dancer(
                name,
                on_plate(read_pose_table(poses[number])),
                whole_body(target.keypoints[kept_frames(target)], name=name),
                still_picture(target),
                gan,
                load_face_gan(face_gans[number], device=device) if face_gans else None,
                _shelf(gan, lending[number]) if lending and gan.generator.recalls else None,
            )
        )
    return dancers


def _shelf(gan: PoseGan, files: TargetFiles) -> Shelf:
    return Shelf.of(files.read(gan.settings), view=gan.view, body_px=gan.body_px)


def render_group(
    dancers: Sequence[Dancer],
    *,
    spacing: float,
    mirrored: bool,
    fps: float = 24.0,
    batch_size: int,
    device: torch.device,
) -> Iterator[Picture]:
    """Yield one uint8 picture (h, w, 3) per frame, while all of them dance, in the room and shape of the first's.

    spacing: between neighbours, body heights. mirrored: every second person dances the mirror image. fps: the dance's.
    Raises ImaginationError for fewer than two dancers, or one whose poseGAN was trained without a plate.
    """
    if len(dancers) < 2:
        raise ImaginationError(f"group.members names {len(dancers)} person(s); name at least two")
    for dancer in dancers:
        if dancer.pose_gan.plate is None:
            raise ImaginationError(
                f"{dancer.name}: a poseGAN without background plate cannot be cut out of its room; "
                "set pose_gan.background_plate: true for the group"
            )
    left, top, *size = dancers[0].picture
    places = place_dancers([dancer.body for dancer in dancers], picture=dancers[0].picture, spacing=spacing)
    layers = [
        _cut_out(mirror(dancer) if mirrored and number % 2 else dancer, fps=fps, batch_size=batch_size, device=device)
        for number, dancer in enumerate(dancers)
    ]
    room = blank(dancers[0].pose_gan).picture[top : top + size[1], left : left + size[0]].astype(np.float32)
    for together in zip(*layers, strict=False):
        stage = room.copy()
        for (paint, opacity), place in reversed(list(zip(together, places, strict=True))):
            moved = cv2.warpAffine(np.dstack([paint, opacity]), place, size, flags=cv2.INTER_LINEAR)
            stage += moved[..., :3] - moved[..., 3:] * stage
        yield np.rint(stage).clip(0, 255).astype(np.uint8)


def place_dancers(bodies: Sequence[Body], *, picture: Box, spacing: float) -> list[Affine]:
    """For each dancer the affine map (2, 3) from their own plate to the stage, which is the first's picture.

    The first is placed so that the row is centred in the picture; then one to the right, one to the left, and so on.
    """
    first, (_, top, width, _) = bodies[0], picture
    row = ((len(bodies) - 1) * spacing + WIDTH) * first.height_px
    height_px = first.height_px * min(1.0, width / row)
    steps = sorted(range(len(bodies)), key=lambda k: abs(k - (len(bodies) - 1) / 2))
    places = []
    for body, step in zip(bodies, steps, strict=True):
        scale = height_px / body.height_px
        x = width / 2 + (step - (len(bodies) - 1) / 2) * spacing * height_px
        y = first.ground_y - top
        places.append(np.array([[scale, 0, x - scale * body.centre_x], [0, scale, y - scale * body.ground_y]]))
    return places


def mirror(dancer: Dancer) -> Dancer:
    """The same person dancing the mirror image of the dance, about their usual place; the person is not mirrored."""
    poses = dancer.poses[:, MIRROR].copy()
    poses[..., 0] = np.where(poses[..., 2] > 0, 2 * dancer.body.centre_x - poses[..., 0], 0)
    return dataclasses.replace(dancer, poses=poses)


def cut_out(
    picture: Picture, opacity: NDArray[np.float32], *, room: Picture
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The person's colours times the opacity (H, W, 3), and that (H, W), for a stage that is not their own room.

    In its own room a nearly opaque body looks solid, because the room behind it is the one it was painted on. On
    another stage the lines of that stage would show through: from OPAQUE[0] on, the painted picture is used unchanged.
    """
    body = np.clip((opacity - OPAQUE[0]) / (OPAQUE[1] - OPAQUE[0]), 0, 1)[..., None]
    paint = picture - (1 - opacity[..., None]) * room
    return (1 - body) * paint + body * picture, opacity + (1 - opacity) * body[..., 0]


def _cut_out(
    dancer: Dancer, *, fps: float, batch_size: int, device: torch.device
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Frame by frame, on their own plate: the person's colours times the opacity (H, W, 3), and that (H, W)."""
    poses = dancer.poses
    gan, strength = with_view_of(dancer.pose_gan, poses), face_strength(poses)
    room, sees_before = blank(gan), gan.settings.previous_frame
    step, previous = 1 if sees_before else batch_size, [room]
    lending = Lending.of(dancer.shelf, poses, fps=fps) if dancer.shelf else None
    for start in range(0, len(poses), step):
        part = slice(start, start + step)
        loan = lending.loan(part, device) if lending else None
        before = previous if sees_before else None
        pictures, opacity = paint_layers(gan, poses[part], device=device, previous=before, loan=loan)
        previous = [Past(pictures[0].copy(), poses[start])]
        if dancer.face_gan is not None:
            pictures = refine_faces(dancer.face_gan, pictures, poses[part], strength=strength[part], device=device)
        for picture, share in zip(pictures, opacity, strict=True):
            yield cut_out(picture, share, room=room.picture)
