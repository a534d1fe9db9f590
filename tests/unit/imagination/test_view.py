"""Windows that follow the person: what they hold, how large they are, and that joints and pixels move alike."""

import cv2
import numpy as np
import pytest
from toy_target import toy_poses

from danceit_core.imagination.target.region import body_size, person_region, person_span
from danceit_core.imagination.target.view import View, Window, rims
from danceit_core.pose.draw import heat_maps
from danceit_core.pose.skeleton import present

SIZE, STRIDE = 256, 16
SQUARE, LANDSCAPE, PORTRAIT = (SIZE, SIZE), (400, 226), (226, 400)
SHAPES = pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
POSES = toy_poses(40, size=SIZE, share=0.5)
BODY = float(np.median(body_size(POSES)))
NOBODY = np.zeros((25, 3), np.float32)
FAR = POSES[:2] + np.float32([1e6, -1e6, 0])


def rim(window, *, view, fade_px):
    """How opaque the person may be in one window, (h, w)."""
    across, down = rims([window], view=view, fade_px=fade_px)
    return np.minimum(down[0][:, None], across[0][None])


def around(poses=POSES, **changes):
    """A view of toy dancers."""
    options = {"body_px": BODY, "size": SQUARE, "image_size": 96, "stride": STRIDE, "share": 1.0, **changes}
    return View.around(poses, **options)


def moved(poses, *, right=0.0, down=0.0, larger=1.0):
    """Poses enlarged about the middle of the picture and moved by pixels."""
    return (poses - np.float32([SIZE / 2, SIZE / 2, 0])) * np.float32([larger, larger, 1]) + np.float32(
        [SIZE / 2 + right, SIZE / 2 + down, 0]
    )


def dot(xy, *, size=SQUARE, sigma=2.5):
    """A picture with a soft white dot at (x, y)."""
    across, down = (
        np.exp(-0.5 * ((np.arange(side) + 0.5 - at) / sigma) ** 2) for at, side in zip(xy, size, strict=True)
    )
    return np.repeat(np.round(255 * down[:, None] * across[None, :]).astype(np.uint8)[..., None], 3, axis=-1)


def centre_of(picture):
    """Where the light of a picture is, (x, y)."""
    light = picture[..., 0].astype(float)
    rows, columns = np.indices(light.shape) + 0.5
    return np.array([(columns * light).sum(), (rows * light).sum()]) / light.sum()


def assert_inside(window, view):
    assert (window.width, window.height) == view.window
    assert window.left >= 0
    assert window.top >= 0
    assert window.left + window.width <= view.size[0]
    assert window.top + window.height <= view.size[1]


def assert_held(poses, view, *, body_px=BODY):
    """What of every person's box lies in the picture lies in their window, but for less than a pixel."""
    for pose in poses:
        window = view.place(pose, body_px=body_px)
        assert_inside(window, view)
        left, top, right, bottom = person_span(pose, body_px=body_px).clip(0, [*view.size, *view.size])
        assert window.left - 1 < left
        assert right < window.left + window.width + 1
        assert window.top - 1 < top
        assert bottom < window.top + window.height + 1


@pytest.mark.parametrize("image_size", [32, 96, 160, 256])
@pytest.mark.parametrize(
    "poses",
    [POSES, moved(POSES, right=110), moved(POSES, down=-130), moved(POSES, right=-100, down=90, larger=1.5)],
    ids=["inside", "over the right rim", "over the upper rim", "over two rims"],
)
def test_the_windows_hold_everybody(poses, image_size):
    assert_held(poses, around(poses, image_size=image_size))


def test_what_lies_outside_the_picture_needs_no_window():
    inside, half = around(), around(moved(POSES, down=-130))
    assert half.window[1] < 0.75 * inside.window[1]
    assert half.scale > inside.scale
    assert around(moved(POSES, larger=4)) == View.whole(SQUARE, image_size=96, stride=STRIDE)


def test_nothing_of_a_person_is_outside_the_window():
    view = around()
    for pose in POSES:
        region = person_region(pose, size=(SIZE, SIZE), body_px=BODY)
        assert region[view.place(pose, body_px=BODY).slices].sum() == region.sum()


@pytest.mark.parametrize("image_size", [32, 96, 160, 256])
@pytest.mark.parametrize("larger", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("stride", [8, 16, 32])
def test_the_network_sees_multiples_of_its_stride_and_nothing_enlarged(image_size, larger, stride):
    poses = moved(POSES, larger=larger)
    view = around(poses, body_px=larger * BODY, image_size=image_size, stride=stride)
    assert view.scale <= 1
    assert all(side % stride == 0 and side <= image_size for side in view.network)
    # Both sides of a window have the view's scale, to the half pixel that a window of whole pixels costs.
    assert all(
        abs(window - network / view.scale) <= 0.5 for network, window in zip(view.network, view.window, strict=True)
    )
    if view.scale < 1:
        assert max(view.network) == image_size
    span = person_span(poses, body_px=larger * BODY)
    need = (span[:, 2:].clip(0, SIZE) - span[:, :2].clip(0, SIZE)).max(0)
    # No larger than a stride more than is needed.
    assert all(
        0 <= window - least + 1 < (stride + 1) / view.scale + 1 for window, least in zip(view.window, need, strict=True)
    )


def test_a_share_of_the_poses_may_stick_out():
    poses = np.concatenate([POSES, moved(POSES[:2], larger=2.0)])
    most, all_of_them = around(poses, share=0.9), around(poses)
    assert max(most.window) < 0.7 * max(all_of_them.window)
    assert_held(POSES[:20], View.of(most.window, size=SQUARE, scale=most.scale, stride=STRIDE))
    assert_held(poses, all_of_them)


def test_the_network_has_a_least_side():
    slim = np.float32([0.2, 1, 1]) * POSES + np.float32([0.4 * SIZE, 0, 0])
    assert min(around(slim, image_size=64).network) < 40
    view = around(slim, image_size=64, least=40)
    assert view.network == (48, 64)
    assert view.window == (round(48 / view.scale), round(64 / view.scale))


@pytest.mark.parametrize("image_size", [64, 128, 256])
def test_the_whole_view_is_the_whole_picture(image_size):
    view = View.whole(SQUARE, image_size=image_size, stride=STRIDE)
    for pose in (*POSES[:3], NOBODY, FAR[0]):
        assert view.place(pose, body_px=BODY, move=(8, -8)) == Window(0, 0, SIZE, SIZE)
    np.testing.assert_allclose(
        view.to_network(POSES[0], Window(0, 0, SIZE, SIZE))[:, :2], POSES[0][:, :2] * image_size / SIZE, rtol=1e-6
    )
    assert view.network == (image_size, image_size)
    assert view.scale == image_size / SIZE
    assert view.widened(moved(POSES, larger=3), body_px=BODY, stride=STRIDE) == view


def test_a_widened_view_holds_the_other_poses_at_the_same_scale():
    view, others = around(), moved(POSES, larger=1.4)
    wide = view.widened(others, body_px=BODY, stride=STRIDE)
    assert wide.scale == view.scale
    assert all(side % STRIDE == 0 for side in wide.network)
    assert all(a > b for a, b in zip(wide.window, view.window, strict=True))
    assert_held(others, wide)
    assert_held(POSES, wide)


@pytest.mark.parametrize("image_size", [64, 96, 128, 240])
@pytest.mark.parametrize("least", [1, 48])
@pytest.mark.parametrize("larger", [0.3, 0.8, 1.1, 1.7, 3.0])
def test_widening_never_shrinks_and_twice_is_once(image_size, least, larger):
    view, others = around(image_size=image_size, least=least), moved(POSES, larger=larger)
    wide = view.widened(others, body_px=BODY, stride=STRIDE)
    for narrower, wider in ((view.window, wide.window), (view.network, wide.network)):
        assert all(a <= b for a, b in zip(narrower, wider, strict=True))
    assert wide.widened(others, body_px=BODY, stride=STRIDE) == wide
    assert wide.widened(POSES, body_px=BODY, stride=STRIDE) == wide
    if larger < 1:
        assert wide == view


def test_who_fills_the_picture_is_held_by_a_widened_view():
    for image_size in range(64, 257, 16):
        wide = around(image_size=image_size).widened(moved(POSES, larger=3), body_px=BODY, stride=STRIDE)
        assert wide.window == (SIZE, SIZE)


@pytest.mark.parametrize("image_size", [48, 96, 128])
def test_joints_and_pixels_move_alike(image_size):
    view = around(image_size=image_size)
    for number, pose in enumerate(POSES[:12]):
        window = view.place(pose, body_px=BODY, move=(number - 5, 3 - number))
        inside = view.to_network(pose, window)
        for joint in (0, 4, 7, 11, 14):
            seen = view.cut(dot(pose[joint, :2]), window)
            assert seen.shape == (view.network[1], view.network[0], 3)
            np.testing.assert_allclose(centre_of(seen), inside[joint, :2], atol=0.1)
            spot = heat_maps(inside, size=view.network, side=image_size)[joint]
            brightest = np.unravel_index(spot.argmax(), spot.shape)[::-1] + np.array([0.5, 0.5])
            np.testing.assert_allclose(brightest, inside[joint, :2], atol=0.51)


def test_a_window_of_odd_proportions_moves_joints_as_pixels_do():
    view, window = View(SQUARE, (81, 150), (48, 96), 0.62), Window(84, 53, 81, 150)
    inside = view.to_network(POSES[0], window)
    np.testing.assert_allclose(centre_of(view.cut(dot(POSES[0][1, :2]), window)), inside[1, :2], atol=0.1)


def test_absent_joints_stay_absent_and_the_given_pose_as_it_is():
    view, pose = around(), POSES[0].copy()
    pose[[0, 4, 20]] = 0
    before = pose.copy()
    inside = view.to_network(pose, Window(40, 30, *view.window))
    assert (inside[[0, 4, 20]] == 0).all()
    assert (present(inside) == present(pose)).all()
    assert (inside[:, 2] == pose[:, 2]).all()
    assert (pose == before).all()
    assert inside.dtype == np.float32


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_nobody_gives_the_whole_picture_and_who_is_far_outside_a_window(share):
    nobody = around(NOBODY[None], share=share, image_size=128)
    assert (nobody.window, nobody.network, nobody.scale) == ((SIZE, SIZE), (128, 128), 0.5)
    far = around(FAR, share=share, least=48)
    assert 48 <= min(far.window) <= max(far.window) <= SIZE
    corner = far.place(FAR[0], body_px=BODY)
    assert (corner.left, corner.top) == (SIZE - far.window[0], 0)
    view = around()
    middle = view.place(NOBODY, body_px=BODY)
    assert_inside(middle, view)
    assert abs(middle.left + middle.width / 2 - SIZE / 2) <= 1
    for dance in (NOBODY[None], POSES[:0]):
        assert view.widened(dance, body_px=BODY, stride=STRIDE).scale == view.scale


def test_who_is_absent_in_some_frames_needs_no_room_there():
    assert around(np.concatenate([POSES, NOBODY[None]])) == around()


@pytest.mark.parametrize("size", [10, 16, 17, 32, 40])
def test_tiny_pictures_have_a_window_of_a_stride_at_least(size):
    poses = toy_poses(5, size=size)
    view = View.around(poses, body_px=size / 4, size=(size, size), image_size=32, stride=16, share=1.0)
    assert all(side >= 16 and side % 16 == 0 for side in view.network)
    for pose in (*poses, NOBODY):
        window = view.place(pose, body_px=size / 4)
        assert_inside(window, view)
        assert view.cut(np.zeros((size, size, 3), np.uint8), window).shape == (view.network[1], view.network[0], 3)


def test_a_window_moves_by_pixels_of_the_picture_and_not_out_of_it():
    view, pose = around(), moved(POSES[:1])[0]
    still = view.place(pose, body_px=BODY)
    shifted = view.place(pose, body_px=BODY, move=(5, -3))
    assert (shifted.left, shifted.top) == (still.left + 5, still.top - 3)
    assert_inside(view.place(pose, body_px=BODY, move=(1000, -1000)), view)


def test_only_rims_inside_the_picture_fade():
    view = View((128, 128), (64, 128), (32, 64), 0.5)
    fading = rim(Window(10, 0, 64, 128), view=view, fade_px=6)
    assert fading.shape == (64, 32)
    assert fading[:, [0, -1]].max() < 0.2
    assert (fading[:, 6:-6] == 1).all()
    np.testing.assert_array_equal(fading, fading[:, ::-1])
    left = rim(Window(0, 0, 64, 128), view=view, fade_px=6)
    assert (left[:, :-6] == 1).all()
    assert left[:, -1].max() < 0.2
    assert (rim(Window(0, 0, 128, 128), view=View.whole((128, 128), image_size=64, stride=8), fade_px=6) == 1).all()


def test_a_cut_of_its_own_size_is_the_picture_itself():
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
    view, window = View(SQUARE, (48, 64), (48, 64), 1.0), Window(7, 9, 48, 64)
    np.testing.assert_array_equal(view.cut(picture, window), picture[9:73, 7:55])
    half = View(SQUARE, (48, 64), (24, 32), 0.5).cut(picture, window)
    np.testing.assert_allclose(
        half, cv2.blur(picture[9:73, 7:55].astype(float), (2, 2), anchor=(0, 0))[::2, ::2], atol=1
    )


def wide_dancers(size, *, share=0.6, sway=0.4):
    """Poses in a picture of another shape, some of them at its left and right rim, and their body size."""
    poses = toy_poses(30, size=size, share=share, sway=sway)
    return poses, float(np.median(body_size(poses)))


@SHAPES
@pytest.mark.parametrize("image_size", [32, 96, 160, 400])
def test_windows_hold_everybody_in_any_shape(size, image_size):
    poses, body_px = wide_dancers(size)
    view = around(poses, body_px=body_px, size=size, image_size=image_size)
    assert view.size == size
    assert max(view.window) < max(size)  # cut to the person, not to the picture
    assert_held(poses, view, body_px=body_px)
    lefts = {view.place(pose, body_px=body_px).left for pose in poses}
    assert {0, size[0] - view.window[0]} <= lefts  # both rims are met, and kept
    for network, window in zip(view.network, view.window, strict=True):
        assert network % STRIDE == 0
        assert abs(window - network / view.scale) <= 0.5 or window in size


@SHAPES
def test_rims_are_those_of_each_side(size):
    poses, body_px = wide_dancers(size)
    view = around(poses, body_px=body_px, size=size)
    width, height = view.window
    right, bottom = size[0] - width, size[1] - height
    assert right > 0
    for left, top in ((0, 0), (right, bottom), (right, 0), (right // 2, bottom // 2)):
        fading = rim(Window(left, top, width, height), view=view, fade_px=4)
        middle = [side // 2 for side in fading.shape]
        ends = fading[middle[0], [0, -1]], fading[[0, -1], middle[1]]
        for (before, after), start, most, side in zip(ends, (left, top), size, view.window, strict=True):
            assert (before == 1) == (start == 0)
            assert (after == 1) == (start + side == most)
        assert (fading[4:-4, 4:-4] == 1).all()


@SHAPES
@pytest.mark.parametrize("image_size", [64, 96, 208])
def test_joints_and_pixels_move_alike_in_any_shape(size, image_size):
    poses, body_px = wide_dancers(size)
    narrow, whole = around(poses, body_px=body_px, size=size, image_size=image_size), None
    whole = View.whole(size, image_size=image_size, stride=STRIDE)
    for view in (narrow, whole):
        for number, pose in enumerate(poses[:8]):
            window = view.place(pose, body_px=body_px, move=(number - 4, 3 - number))
            inside = view.to_network(pose, window)
            for joint in (1, 8):
                seen = view.cut(dot(pose[joint, :2], size=size), window)
                assert seen.shape == (view.network[1], view.network[0], 3)
                np.testing.assert_allclose(centre_of(seen), inside[joint, :2], atol=0.15)


@SHAPES
@pytest.mark.parametrize("image_size", [64, 96, 256])
@pytest.mark.parametrize("stride", [8, 16, 32])
def test_the_whole_view_of_any_shape_is_in_strides_and_hardly_stretched(size, image_size, stride):
    view = View.whole(size, image_size=image_size, stride=stride)
    assert view.window == view.size == size
    assert max(view.network) == image_size
    assert all(side % stride == 0 for side in view.network)
    for here, there in zip(view.network, size, strict=True):
        assert abs(here - view.scale * there) <= stride / 2
    assert (rim(Window(0, 0, *size), view=view, fade_px=6) == 1).all()
    poses, body_px = wide_dancers(size)
    assert view.widened(4 * poses, body_px=body_px, stride=stride) == view


@SHAPES
def test_a_view_widens_to_the_picture_s_own_shape(size):
    poses, body_px = wide_dancers(size)
    view = around(poses, body_px=body_px, size=size)
    larger = poses.copy()
    larger[..., :2] = np.array(size) / 2 + 6 * (poses[..., :2] - np.array(size) / 2)
    wide = view.widened(larger, body_px=body_px, stride=STRIDE)
    assert wide.scale == view.scale
    assert wide.window == size
    assert wide.widened(poses, body_px=body_px, stride=STRIDE) == wide
    a_little = view.widened(poses[:3] * np.float32([1, 1.1, 1]), body_px=body_px, stride=STRIDE)
    assert_held(poses[:3] * np.float32([1, 1.1, 1]), a_little, body_px=body_px)
