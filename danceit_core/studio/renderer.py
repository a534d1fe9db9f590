"""Pictures of a dancer in a room, from a static or moving camera."""

import numpy as np
from numpy.typing import NDArray

from danceit_core.studio.backdrop import Backdrop, draw_room
from danceit_core.studio.camera import Camera, picture_size
from danceit_core.studio.dancer import Dancer, look_along
from danceit_core.studio.developing import TONE, develop, find_tiles, touched_tiles
from danceit_core.studio.raster import Booleans, depth_map, project, visible_faces
from danceit_core.studio.room import Room
from danceit_core.studio.shading import LINEAR, shade_dancer
from danceit_core.studio.surface import Floats

SHADOW_SIZE, SHADOW_SPAN_M = 640, 4.2
GRAIN = 0.5  # grey levels; prevents banding on smooth walls, the same in every frame
MARGIN_PX = 3

# Samples (h * samples, w * samples, 4) of the dancer, and the row and column of the picture at which they begin.
Placed = tuple[Floats, int, int]


class Renderer:
    """Draws frames of one dancer in one room; what does not move is computed once.

    size: (width, height) of the picture in pixels, or the side of a square; supersampling: samples along each side of
    a pixel. For a moving camera, call `film` before each frame.
    """

    def __init__(
        self, dancer: Dancer, room: Room, camera: Camera, *, size: int | tuple[int, int], supersampling: int
    ) -> None:
        self._dancer, self._room, self._camera = dancer, room, camera
        self._size, self._samples = picture_size(size), supersampling
        toward = np.asarray(room.light_from, np.float64)
        self._light = look_along(toward, span_m=SHADOW_SPAN_M, size=SHADOW_SIZE, centre=(0.0, 0.9, 0.0))
        self._colours = tuple(np.asarray(colour, np.float32) for colour in (room.key, room.sky, room.ground))
        self._grain = np.random.default_rng(room.seed).normal(0, GRAIN, (256, 256)).astype(np.float32)
        self._empty_room()

    @property
    def camera(self) -> Camera:
        """The current camera."""
        return self._camera

    def film(self, camera: Camera) -> None:
        """Film with this camera from now on; the room is drawn again if its view changes."""
        moved = not camera.sees_as(self._camera)
        self._camera = camera
        if moved:
            self._empty_room()

    def draw(self, transforms: Floats) -> NDArray[np.uint8]:
        """The picture (H, W, 3), uint8 RGB, for the bone matrices (B, 3, 4) of one frame."""
        return self._draw(transforms)[0]

    def draw_with_outline(self, transforms: Floats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The same picture, and the outline (H, W) of the dancer in it, for tests and benchmarks.

        uint8, 0..255: the share of the pixel that body, hair and clothes cover, in steps of 255 / supersampling²; the
        shadow and the reflection in a glossy floor are not part of it.
        """
        picture, body, top, left = self._draw(transforms)
        outline = np.zeros(self._size[::-1], np.uint8)
        outline[top : top + body.shape[0] // self._samples, left : left + body.shape[1] // self._samples] = cover(
            body, self._samples
        )
        return picture, outline

    def _empty_room(self) -> None:
        """Draw the empty room as the camera sees it."""
        camera = self._camera
        focal, samples = camera.focal * self._size[1], max(2, self._samples)
        self._backdrop: Backdrop = draw_room(
            self._room, axes=camera.axes, eye=camera.eye, focal=focal, size=self._size, samples=samples
        )
        self._cells, self._floor = find_tiles(self._backdrop.places, self._backdrop.gloss, self._light)
        nearest, contacts = np.full((SHADOW_SIZE, SHADOW_SIZE), -1e9, np.float32), np.zeros((0, 4), np.float32)
        nobody = np.zeros((0, 0, 4), np.float32), 0, 0
        self._empty = np.zeros((*self._size[::-1], 3), np.uint8)
        self._develop(np.ones(self._cells.shape[:2], bool), nearest, contacts, nobody, nobody, out=self._empty)

    def _draw(self, transforms: Floats) -> tuple[NDArray[np.uint8], Floats, int, int]:
        """The picture, and the dancer's samples with their place in it as `_shade` gives them."""
        points, normals = self._dancer.posed(np.ascontiguousarray(transforms, np.float32))
        nearest = depth_map(points, self._dancer.faces, self._light, SHADOW_SIZE)
        mirror: Placed = np.zeros((0, 0, 4), np.float32), 0, 0
        if self._room.gloss > 0:
            flip = np.array([1, -1, 1], np.float32)
            mirror = self._shade(points * flip, normals * flip, nearest, samples=1, flipped=True)
        body = self._shade(points, normals, nearest, samples=self._samples, flipped=False)
        contacts = self._contacts(transforms)
        reflection, mirror_top, mirror_left = mirror
        bottom, right = mirror_top + reflection.shape[0], mirror_left + reflection.shape[1]
        touched = touched_tiles(
            self._cells, self._floor, nearest, contacts, (mirror_top, mirror_left, bottom, right), *body, self._samples
        )
        picture = self._empty.copy()
        self._develop(touched, nearest, contacts, mirror, body, out=picture)
        return picture, *body

    def _develop(
        self, touched: Booleans, nearest: Floats, contacts: Floats, mirror: Placed, body: Placed, *,
        out: NDArray[np.uint8],
    ) -> None:  # fmt: skip
        backdrop = self._backdrop
        develop(
            backdrop.places, backdrop.direct, backdrop.around, backdrop.gloss, touched, nearest, self._light, contacts,
            *mirror, *body, self._samples, TONE, self._grain, out,
        )  # fmt: skip

    def _shade(self, points: Floats, normals: Floats, nearest: Floats, *, samples: int, flipped: bool) -> Placed:
        """The dancer's samples (h * samples, w * samples, 4), and the row and column at which they begin."""
        dancer, size = self._dancer, np.array(self._size)
        focal, (middle_x, middle_y) = self._camera.focal * self._size[1] * samples, size * samples / 2
        screen = project(points, self._camera.matrix, focal, middle_x, middle_y)
        low = np.clip(screen[:, :2].min(0) / samples - MARGIN_PX, 0, size - 1).astype(int)
        high = np.clip(screen[:, :2].max(0) / samples + MARGIN_PX, 1, size).astype(int)
        left, top = int(low[0]), int(low[1])
        width, height = max(int(high[0]) - left, 1), max(int(high[1]) - top, 1)
        screen[:, 0] -= left * samples
        screen[:, 1] -= top * samples
        # A mirror image swaps front and back, so all faces are drawn there.
        both_sides = np.ones_like(dancer.both_sides) if flipped else dancer.both_sides
        owner = visible_faces(screen, dancer.faces, both_sides, height * samples, width * samples)
        shaded = shade_dancer(
            owner, screen, points, normals, dancer.occlusion, dancer.faces, dancer.uv, dancer.uv_faces, dancer.layer,
            dancer.textures, dancer.materials, LINEAR, nearest, self._light, *self._colours, self._camera.eye,
        )  # fmt: skip
        return shaded, top, left

    def _contacts(self, transforms: Floats) -> Floats:
        """Soft dark spots (C, 4) on the floor under feet and hips: x, z, radius, strength; weaker for higher joints."""
        skeleton = self._dancer.body.skeleton
        spots = []
        for bone, radius, strength in (("ball_l", 0.11, 0.45), ("ball_r", 0.11, 0.45), ("pelvis", 0.45, 0.30)):
            number = skeleton.index(bone)
            x, y, z = transforms[number] @ np.append(skeleton.heads[number], 1.0)
            lift = max(0.0, y - skeleton.heads[number, 1])
            spots.append((x, z - (0.04 if bone != "pelvis" else 0), radius + lift, strength * np.exp(-4 * lift)))
        return np.array(spots, np.float32)


def cover(body: Floats, samples: int) -> NDArray[np.uint8]:
    """The share of each pixel (h, w) that the dancer's samples (h * samples, w * samples, 4) cover, 0..255."""
    # (h * samples, w * samples) -> (h, samples, w, samples)
    apart = body[..., 3].reshape(body.shape[0] // samples, samples, -1, samples)
    return np.round(255 * apart.mean(axis=(1, 3))).astype(np.uint8)
