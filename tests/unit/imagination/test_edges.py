"""Edges of recalled pixels are sharp at the picture's full size, and a shadow is soft and of one colour."""

import numpy as np
import pytest
import torch
from torch.nn import functional
from toy_target import toy_poses

from danceit_core.imagination.networks.generator import Painting
from danceit_core.imagination.rendering.edges import edge_maps, floor_near, sharpen_opacity, soften_shadow
from danceit_core.imagination.target.view import View, Window

BODY = 40.0


def step_edge(size, at):
    """Covered left of a column, (1, 2, size, size): by the first layer."""
    cover = torch.zeros(1, 2, size, size)
    cover[:, 0, :, :at] = 1
    return cover


def enlarged(part):
    return functional.interpolate(part, size=(128, 128), mode="bilinear", align_corners=False)


def test_opacity_takes_the_edge_of_what_is_recalled():
    cover = step_edge(128, 66)
    few = functional.interpolate(cover, size=(32, 32), mode="area")
    said = few.amax(1, keepdim=True)
    soft = enlarged(said)
    assert (soft - cover[:, :1]).abs().max() > 0.4  # what the network's size makes of it
    sharp = sharpen_opacity(soft, enlarged(edge_maps(said, few)), cover)
    assert (sharp - cover[:, :1]).abs().max() < 0.15


def test_what_the_network_leaves_out_is_not_brought_back():
    cover = step_edge(128, 66)
    few, nothing = functional.interpolate(cover, size=(32, 32), mode="area"), torch.zeros(1, 1, 32, 32)
    assert sharpen_opacity(enlarged(nothing), enlarged(edge_maps(nothing, few)), cover).max() == 0


def shadow(colours, *, cover=None, opacity=0.3):
    """A painting of a shadow everywhere, softened: what it looks like over a grey room, before and after."""
    size = colours.shape[-1]
    plate = torch.full((1, 3, size, size), 0.2)
    opacities = torch.full((1, 1, size, size), opacity)
    cover = torch.zeros(1, 2, size, size) if cover is None else cover
    painting = Painting(colours, colours, opacities, paint=colours, cover=cover)
    calm = soften_shadow(painting, plate, torch.ones(1, 1, size, size), body_px=BODY)

    def seen(one):
        return (one.opacity * one.paint + (1 - one.opacity) * plate)[0].numpy()

    return seen(painting), seen(calm)


def test_flecks_of_colour_in_a_shadow_are_gone_and_its_darkness_stays():
    rng = np.random.default_rng(0)
    colours = torch.from_numpy(rng.uniform(-1, 0, (1, 3, 48, 48)).astype(np.float32))
    before, after = shadow(colours)
    hue_before, hue_after = (part - part.mean(0) for part in (before, after))
    assert hue_after.std() < 0.2 * hue_before.std()
    assert after.std() < 0.6 * before.std()
    assert after.mean() == pytest.approx(before.mean(), abs=0.01)


def test_an_even_shadow_stays_as_it_is():
    before, after = shadow(torch.full((1, 3, 48, 48), -0.7))
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_the_person_is_not_softened():
    rng = np.random.default_rng(0)
    colours = torch.from_numpy(rng.uniform(-1, 1, (1, 3, 48, 48)).astype(np.float32))
    for about in ({"cover": torch.ones(1, 2, 48, 48)}, {"opacity": 0.95}):
        before, after = shadow(colours, **about)
        np.testing.assert_allclose(after, before, atol=1e-5)


def test_a_shadow_lies_about_the_feet_alone():
    view = View((192, 192), (192, 192), (96, 96), 0.5)
    poses = toy_poses(2, size=192, share=0.5)
    poses[1] = 0
    windows = [Window(0, 0, 192, 192)] * 2
    floor = floor_near(poses, windows, view=view, body_px=20.0, device=torch.device("cpu"))[:, 0].numpy()
    x, y = poses[0, [11, 14], :2].mean(0) / 2
    assert floor.shape == (2, 96, 96)
    assert floor[0, round(y), round(x)] == 1
    assert floor[0, :40].max() == 0
    assert floor[1].max() == 0
