"""The outline of the person: right against the studio's true silhouettes, steady, sharp, in order, empty of nobody."""

import gc
import weakref

import cv2
import numpy as np
import pytest

from danceit_core.pose.blazepose_people import PeopleDetector
from danceit_core.pose.landmarks import CROP_SIDE, LandmarkNetwork, crop_transform, region_around
from danceit_core.pose.outline import Outlines, Seen, Shape, make_mask
from danceit_core.pose.refine import Grid, sharpened, steadied

SIDE = 512


@pytest.fixture(scope="module")
def filmed(body_mesh, pose_weights):
    """Pictures (6, 512, 512, 3) of a studio dancer, her true silhouettes and her bodies by the real network."""
    from danceit_core.studio.camera import Camera
    from danceit_core.studio.cast import CLIPS
    from danceit_core.studio.dancer import dress
    from danceit_core.studio.music import compose_song
    from danceit_core.studio.raster import project, visible_faces
    from danceit_core.studio.record import perform
    from danceit_core.studio.renderer import Renderer

    scene = CLIPS["dancer_2"]
    dancer = dress(body_mesh, scene.look)
    camera = Camera.for_height(dancer.body.height)
    renderer = Renderer(dancer, scene.room, camera, size=SIDE, supersampling=1)
    solved, _ = perform(scene, dancer, compose_song(tempo_bpm=scene.tempo_bpm, seconds=4, seed=1), seconds=4)
    transforms = solved.transforms(dancer.body.skeleton).astype(np.float32)[40:46]
    pictures, silhouettes = [], []
    for bones in transforms:
        points, _ = dancer.posed(bones)
        lens = camera.lens(SIDE)
        screen = project(points, camera.matrix, lens[0, 0], lens[0, 2], lens[1, 2])
        silhouettes.append(visible_faces(screen, dancer.faces, dancer.both_sides, SIDE, SIDE) >= 0)
        pictures.append(renderer.draw(bones))
    found = PeopleDetector(pose_weights, threads=1).find(pictures[0])[0]
    network, region = LandmarkNetwork(pose_weights), region_around(found.middle, found.outline)
    bodies = []
    for picture in pictures:
        bodies.append(network.look(picture, region, mirror=True, outline=True))
        region = bodies[-1].following
    return pictures, silhouettes, bodies


def outlines_of(pictures, bodies):
    outlines = Outlines()
    masks = [mask for picture, body in zip(pictures, bodies, strict=True) for mask in outlines.feed(picture, body)]
    return masks + outlines.finish()


def coarse(body):
    """The network's outline where it belongs in the picture, nothing done to it."""
    transform = crop_transform(body.region)
    transform[:, 2] += transform[:, :2].sum(axis=1) / 2 - 0.5
    return cv2.warpAffine(body.outline, transform, (SIDE, SIDE), flags=cv2.INTER_LINEAR) > 0.5


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


def rim(mask):
    return mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)


def boundary_f(a, b, *, reach_px):
    far = [cv2.distanceTransform(np.uint8(~rim(mask)), cv2.DIST_L2, 5) for mask in (a, b)]
    precision, recall = (far[1][rim(a)] <= reach_px).mean(), (far[0][rim(b)] <= reach_px).mean()
    return 2 * precision * recall / (precision + recall)


def body(region, outline):
    return Shape(np.asarray(region, float), outline.astype(np.float32))


def disc(middle=(128, 128), radius=60):
    return cv2.circle(np.zeros((CROP_SIDE, CROP_SIDE), np.float32), middle, radius, 1.0, -1)


def test_it_is_the_true_silhouette_and_closer_to_it_than_the_networks_own(filmed):
    pictures, silhouettes, bodies = filmed
    masks = [mask > 127 for mask in outlines_of(pictures, bodies)]
    iou = [overlap(mask, true) for mask, true in zip(masks, silhouettes, strict=True)]
    before = [overlap(coarse(each), true) for each, true in zip(bodies, silhouettes, strict=True)]
    assert min(iou) > 0.93
    assert np.mean(iou) > np.mean(before) + 0.005
    near = [boundary_f(mask, true, reach_px=3) for mask, true in zip(masks, silhouettes, strict=True)]
    assert min(near) > 0.85
    exact = [boundary_f(mask, true, reach_px=1) for mask, true in zip(masks, silhouettes, strict=True)]
    rough = [boundary_f(coarse(each), true, reach_px=1) for each, true in zip(bodies, silhouettes, strict=True)]
    assert np.mean(exact) > np.mean(rough)


def test_a_film_that_runs_backwards_has_the_same_outlines_backwards(filmed):
    pictures, _, bodies = filmed
    forwards = outlines_of(pictures[:4], bodies[:4])
    backwards = outlines_of(pictures[:4][::-1], bodies[:4][::-1])
    for one, other in zip(forwards, backwards[::-1], strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_in_a_still_picture_the_outline_trembles_a_third_as_much(filmed):
    picture, shape = filmed[0][0], filmed[2][0]
    rng = np.random.default_rng(0)
    noise = [cv2.GaussianBlur(rng.normal(0, 3, (CROP_SIDE, CROP_SIDE)), (0, 0), 4) for _ in range(8)]
    bodies = [body(shape.region, np.clip(shape.outline + each, 0, 1) * (shape.outline > 0.02)) for each in noise]
    steady = np.stack(outlines_of([picture] * 8, bodies)).astype(float)[1:-1]
    alone = np.stack([make_mask(Seen(picture, each), []) for each in bodies]).astype(float)[1:-1]
    rough = np.stack([coarse(each) for each in bodies])[1:-1] * 255.0
    trembling = [np.abs(np.diff(masks, axis=0)).mean() for masks in (steady, alone, rough)]
    assert trembling[0] < trembling[1] < trembling[2]
    assert trembling[0] < trembling[2] / 3


def test_where_the_picture_changes_its_neighbours_say_nothing():
    rng = np.random.default_rng(0)
    one, other = (np.float32(rng.random((3, 40, 50))) for _ in range(2))
    now, after = np.zeros((40, 50), np.float32), np.ones((40, 50), np.float32)
    assert steadied(Grid(one, now), [Grid(other, after)]).max() < 1e-3
    assert np.allclose(steadied(Grid(one, now), [Grid(one, after)]), 0.5)
    assert np.allclose(steadied(Grid(one, now), [Grid(one, after), Grid(one, now)]), 1 / 3)
    assert not steadied(Grid(one, now), [Grid(one, -after)]).any()  # unknown there


def test_a_blurred_outline_is_led_to_the_edge_of_the_picture():
    rng = np.random.default_rng(0)
    inside = np.zeros((320, 240), bool)
    inside[60:250, 70:160] = True
    full = np.where(inside[..., None], (200, 60, 40), (60, 90, 120)) + rng.normal(0, 3, (320, 240, 3))
    full = full.clip(0, 255).astype(np.uint8)
    picture = np.stack(cv2.split(cv2.resize(full, (60, 80), interpolation=cv2.INTER_AREA))) / np.float32(255)
    # A cell (4 pixels) too far to the right and below, and soft.
    shifted = np.roll(inside, (4, 4), (0, 1)).astype(np.float32)
    outline = cv2.GaussianBlur(cv2.resize(shifted, (60, 80), interpolation=cv2.INTER_AREA), (0, 0), 1.5)
    blurred = cv2.resize(outline, (240, 320)) > 0.5
    sharp = sharpened(outline, picture, full)
    assert overlap(sharp > 0.5, inside) > 0.98 > overlap(blurred, inside)
    assert np.abs(sharp - inside).mean() < 0.02


def test_where_nobody_is_the_mask_is_empty_and_who_leaves_and_enters_is_not_smeared(filmed):
    pictures, _, bodies = filmed
    gone = [None, bodies[1], bodies[2], None, None, bodies[5]]
    masks = outlines_of(pictures, gone)
    assert [bool(mask.any()) for mask in masks] == [False, True, True, False, False, True]
    assert (masks[5] == make_mask(Seen(pictures[5], Shape(bodies[5].region, bodies[5].outline)), [])).all()


@pytest.mark.parametrize("frames", [0, 1, 2, 5])
def test_each_picture_has_its_mask_in_order_one_picture_late(frames):
    outlines = Outlines()
    given = []
    for number in range(frames):
        picture = np.full((64, 80, 3), 40 * number, np.uint8)  # all unlike
        done = outlines.feed(picture, body((20 + 8 * number, 32, 40, 0), disc()))
        assert len(done) == (number > 0)
        given += done
    given += outlines.finish()
    assert outlines.finish() == []
    assert len(given) == frames
    for number, mask in enumerate(given):
        assert mask.shape == (64, 80)
        assert mask.dtype == np.uint8
        columns = np.flatnonzero((mask > 127).any(axis=0))
        assert abs((columns[0] + columns[-1] + 1) / 2 - (20 + 8 * number)) < 1.5


def test_no_more_than_three_pictures_are_held():
    outlines, held = Outlines(), []
    for _ in range(20):
        picture = np.zeros((64, 64, 3), np.uint8)
        held.append(weakref.ref(picture))
        outlines.feed(picture, body((32, 32, 60, 0), disc()))
        del picture
    gc.collect()
    assert sum(reference() is not None for reference in held) <= 2


@pytest.mark.parametrize(
    "region",
    [(32, 32, 60, 0), (-5, 70, 60, 1.0), (32, 32, 4000, 0), (32, 32, 3, 0), (-900, 20, 60, 0), (32, 32, 60, 9)],
)
def test_a_region_beyond_the_rim_or_of_odd_size_is_no_trouble(region):
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    first, second = outlines_of([picture, picture], [body(region, disc()), body((30, 30, 50, 0.1), disc())])
    assert first.shape == second.shape == (64, 64)
    assert second.any()
    if region[0] == -900:
        assert not first.any()


def test_it_turns_with_its_region():
    picture = np.zeros((200, 200, 3), np.uint8)
    upper = disc(middle=(128, 40), radius=20)  # the head
    (mask,) = outlines_of([picture], [body((100, 100, 160, np.pi / 2), upper)])  # upright is to the right
    rows, columns = np.nonzero(mask > 127)
    assert np.allclose((columns.mean() + 0.5, rows.mean() + 0.5), (100 + 88 * 160 / 256, 100), atol=1.5)


def test_a_body_of_whom_no_outline_was_asked_for_has_none():
    (mask,) = outlines_of([np.zeros((20, 20, 3), np.uint8)], [Shape(np.array([10.0, 10, 20, 0]), None)])
    assert not mask.any()
