"""The batch of an iteration, and the step that is taken with it: all at once or in parts."""

import contextlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_target import CPU, FORMS, TOY_SETTINGS, all_pictures, toy_poses, toy_target

from danceit_core.imagination.rendering import render
from danceit_core.imagination.rendering.batches import carried, to_pictures
from danceit_core.imagination.target.crops import cut_crops
from danceit_core.imagination.training import adversarial, pose_step
from danceit_core.imagination.training.memory import MemoryPlan
from danceit_core.imagination.training.pose_step import BODY_PX, MOST_STEPS, TEMPORAL_WEIGHT, PoseStep, jitter
from danceit_core.imagination.training.train import begin

TARGET = toy_target(24, size=128, held_out=6, share=0.6)
WIDE = toy_target(24, size=(160, 96), held_out=6, share=0.8)
SETTINGS = replace(
    TOY_SETTINGS, image_size=32, channels=8, discriminator_channels=4, batch_size=3,
    pose_jitter_px=6.0,
)  # fmt: skip


def first_step(seed=3, *, target=TARGET, **changes):
    settings = replace(SETTINGS, **changes)
    duel, gan = begin(target, settings=settings, seed=1, device=CPU)
    options = {"seed": seed, "with_before": settings.previous_frame, "folder": None}
    crops = cut_crops(target, gan.view, body_px=gan.body_px, **options)
    return PoseStep(target, crops, gan, duel, CPU, seed, None, MemoryPlan(settings.batch_size, 1, False))


def test_an_iteration_and_a_seed_mean_a_batch():
    step = first_step()
    one, again, next_one, other = step.draw(5), first_step().draw(5), step.draw(6), first_step(seed=4).draw(5)
    for name in ("chosen", "poses", "steps"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    assert not any(np.array_equal(one.poses, batch.poses) for batch in (next_one, other))


def test_batches_are_of_training_frames_jittered_and_begun_at_random():
    step = first_step(batch_size=8)
    batches = [step.draw(iteration) for iteration in range(60)]
    chosen = np.concatenate([batch.chosen for batch in batches])
    assert set(chosen.tolist()) == set(np.flatnonzero(TARGET.training).tolist())
    assert {batch.steps for batch in batches} == set(range(MOST_STEPS + 1))
    # Jitter is told for a body of so many pixels, and scales with the target's.
    noise = np.concatenate([batch.poses - TARGET.keypoints[batch.chosen] for batch in batches])[..., :2]
    assert noise.std() == pytest.approx(6.0 * TARGET.body_px / BODY_PX, rel=0.05)
    assert TARGET.body_px < 0.3 * BODY_PX


def test_a_part_of_a_batch_is_some_of_its_samples():
    batch = first_step().draw(0)
    part = batch.part(slice(1, 3))
    for name in ("chosen", "poses"):
        np.testing.assert_array_equal(getattr(part, name), getattr(batch, name)[1:])
    assert part.steps == batch.steps


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("target", [TARGET, WIDE], ids=["square", "landscape"])
def test_what_is_judged_is_what_the_moved_windows_show(form, target, monkeypatch):
    step, judged = first_step(target=target, **form), {}
    batch = replace(step.draw(0), steps=1)
    monkeypatch.setattr(step.duel, "accumulate", lambda condition, **given: judged.update(given) or {})
    losses = step.learn(batch, 0.5)
    pairs = "previous_frame" in form
    assert set(losses) == {"pixel", "opacity"} | ({"temporal"} if pairs else set())
    view, body_px = step.gan.view, step.gan.body_px
    windows = [step.crops.windows[row] for row in step.crops.rows[batch.chosen]]
    assert windows != [view.place(pose, body_px=body_px) for pose in batch.poses]

    def seen(pictures):
        return np.stack([view.cut(picture, window) for picture, window in zip(pictures, windows, strict=True)])

    now = seen(all_pictures(target)[batch.chosen])
    np.testing.assert_array_equal(to_pictures(judged["real"][:, :3]), now)
    assert judged["real"].shape == judged["painted"].shape == (3, 6 if pairs else 3, *view.network[::-1])
    if pairs:
        painted = step.painted_before(batch)
        past = seen([before.picture for before in painted])
        before = np.stack([before.pose for before in painted])
        expected = carried(past, before, batch.poses, windows, view=view, body_px=body_px)
        np.testing.assert_array_equal(to_pictures(judged["painted"][:, 3:]), expected)
        np.testing.assert_array_equal(to_pictures(judged["real"][:, 3:]), step.real_before(batch, windows))
    assert judged["share"] == 0.5
    # What the generator pays itself is the whole of it; of the losses that are told, the share.
    settings = step.gan.settings
    paid = settings.pixel_weight * losses["pixel"] + settings.opacity_weight * losses["opacity"]
    paid = paid + TEMPORAL_WEIGHT * losses.get("temporal", 0)
    assert float(judged["own_loss"].detach()) == pytest.approx(2 * float(paid), rel=1e-5)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_step_in_parts_is_the_step_at_once(form, monkeypatch):
    # Half precision would round each part on its own.
    for module in (adversarial, pose_step, render):
        monkeypatch.setattr(module, "half_precision", lambda _device: contextlib.nullcontext())
    steps = [first_step(**form) for _ in range(2)]
    steps[1].plan = MemoryPlan(1, 3, False)
    for step in steps:
        # Plain descent: Adam would take a whole step for the rounding of a gradient that is zero.
        networks = (step.duel.generator, step.duel.discriminator)
        step.duel.optimisers = tuple(torch.optim.SGD(network.parameters(), lr=0.0) for network in networks)
    whole, parts = ([{k: float(v) for k, v in step(i).items()} for i in range(3)] for step in steps)
    expected = {"discriminator", "adversarial", "feature", "pixel", "opacity"}
    assert set(whole[0]) == expected | ({"temporal"} if "previous_frame" in form else set())
    for one, other in zip(whole, parts, strict=True):
        assert one == pytest.approx(other, rel=1e-3)
    weights = [torch.cat([v.flatten() for v in step.duel.generator.parameters()]) for step in steps]
    torch.testing.assert_close(*weights, rtol=1e-3, atol=1e-6)
    assert not torch.equal(weights[0], torch.cat([v.flatten() for v in steps[0].gan.generator.parameters()]))


def test_jitter_moves_present_joints_only():
    poses = toy_poses(50, size=64)
    poses[:, 4] = 0
    moved = jitter(poses, np.random.default_rng(0), sigma_px=2.0)
    assert (moved[:, 4] == 0).all()
    assert (moved[..., 2] == poses[..., 2]).all()
    assert np.delete(moved - poses, 4, axis=1)[..., :2].std() == pytest.approx(2.0, rel=0.1)
    assert (poses[:, 4] == 0).all()
