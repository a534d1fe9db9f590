import dataclasses

import numpy as np
import pytest
import torch
from matched_dances import make_database, matched_pairs

from danceit_core.matcher.data import make_pairs, measure_features
from danceit_core.matcher.windows import MOST_BYTES, FeatureScale, Windows, fits, measure_frames, normalise_poses

CPU = torch.device("cpu")
PLAIN = FeatureScale(torch.zeros(3), torch.ones(3))


def some_keypoints(fragments=2, frames=6):
    rng = np.random.default_rng(3)
    keypoints = rng.uniform(100, 400, (fragments, frames, 25, 3)).astype(np.float32)
    keypoints[..., 2] = 0.9
    keypoints[:, :, 20] = 0
    return keypoints


def normalised(keypoints):
    return normalise_poses(torch.from_numpy(keypoints)).numpy()


def normalised_one_by_one(keypoints):
    """The definition, fragment by fragment and frame by frame, in float64."""
    result = np.zeros(keypoints.shape)
    for fragment, out in zip(keypoints.astype(np.float64), result, strict=True):
        torsos = []
        for frame, place in zip(fragment, out, strict=True):
            seen = frame[:, 2] > 0
            root = frame[8, :2] if seen[8] else frame[seen, :2].mean(axis=0) if seen.any() else np.zeros(2)
            place[seen, :2], place[seen, 2] = frame[seen, :2] - root, frame[seen, 2]
            if seen[1] and seen[8]:
                torsos.append(np.linalg.norm(frame[1, :2] - frame[8, :2]))
        out[..., :2] /= np.median(torsos) if torsos else np.ptp(out[..., 1]) / 2 or 1
    return result


def test_poses_are_normalised_as_defined_whatever_is_missing():
    rng = np.random.default_rng(5)
    keypoints = np.concatenate([some_keypoints(40, frames) for frames in (6,)])
    keypoints[rng.random(keypoints.shape[:3]) < 0.3] = 0
    keypoints[3, :, 1] = keypoints[4, :, 8] = keypoints[5, 2] = keypoints[6] = 0
    np.testing.assert_allclose(normalised(keypoints), normalised_one_by_one(keypoints), atol=1e-5)
    np.testing.assert_allclose(normalised(keypoints[:, :5]), normalised_one_by_one(keypoints[:, :5]), atol=1e-5)


def test_poses_do_not_depend_on_place_or_size():
    keypoints = some_keypoints()
    moved = keypoints.copy()
    moved[..., :2] = np.where(keypoints[..., 2:] > 0, keypoints[..., :2] * 1.7 + [40, -12], 0)
    np.testing.assert_allclose(normalised(moved), normalised(keypoints), atol=1e-4)


def test_the_hip_is_the_origin_the_torso_the_unit_and_absent_joints_are_zero():
    poses = normalised(some_keypoints())
    np.testing.assert_allclose(poses[:, :, 8, :2], 0, atol=1e-6)
    torsos = np.linalg.norm(poses[:, :, 1, :2] - poses[:, :, 8, :2], axis=-1)
    np.testing.assert_allclose(np.median(torsos, axis=1), 1, atol=1e-5)
    assert not poses[:, :, 20].any()
    np.testing.assert_allclose(poses[:, :, 0, 2], 0.9)


@pytest.mark.parametrize("missing", [[8], [1], [1, 8], list(range(25))])
def test_missing_joints_leave_finite_poses_of_sensible_size(missing):
    keypoints = some_keypoints()
    keypoints[:, :, missing] = 0
    poses = normalised(keypoints)
    assert np.isfinite(poses).all()
    assert np.abs(poses).max() < 10


def test_no_fragment():
    assert normalised(np.zeros((0, 48, 25, 3), np.float32)).shape == (0, 48, 25, 3)


def test_feature_statistics_and_limits():
    rng = np.random.default_rng(0)
    features = (rng.standard_normal((1200, 3)) * [2, 0, 5] + [7, 1, -3]).astype(np.float32)
    scale = measure_frames(features, np.arange(0, 1200, 24), length=24)
    scaled = scale.apply(torch.from_numpy(features)).numpy()
    np.testing.assert_allclose(scaled[:, [0, 2]].mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(scaled[:, [0, 2]].std(axis=0), 1, atol=0.01)
    assert not scaled[:, 1].any()
    assert scale.apply(torch.full((1, 1, 3), 1e6)).max() == 5


def test_a_frame_counts_as_often_as_it_lies_in_a_window():
    features = np.random.default_rng(0).normal(50, 3, (100_000, 2)).astype(np.float32)  # more than is read at once
    starts = np.array([5, 17, 17, 20, 60_000, 99_952])
    stacked = np.stack([features[start : start + 48] for start in starts]).astype(np.float64).reshape(-1, 2)
    scale = measure_frames(features, starts, length=48)
    np.testing.assert_allclose(scale.mean, stacked.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(scale.deviation, stacked.std(axis=0), rtol=1e-5)


def overlapping(database, starts):
    """Pairs over the frames of a database whose windows begin at `starts`."""
    pairs = make_pairs(database)
    return dataclasses.replace(pairs.only(np.arange(len(starts))), starts=np.asarray(starts))


@pytest.mark.parametrize("where", ["memory", "mapped", "device"])
def test_a_batch_is_a_plain_stack_of_its_windows(where, tmp_path):
    database = make_database(videos=3, width=3)
    starts = np.array([0, 7, 7, 30, 480, 719 - 23])
    pairs = overlapping(database, starts)
    keypoints, features = database.frames.keypoints, database.frames.features
    if where == "mapped":
        np.save(tmp_path / "k.npy", keypoints)
        np.save(tmp_path / "f.npy", features)
        mapped = (np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "kf")
        pairs = dataclasses.replace(pairs, windows=Windows(*mapped, 24))
    elif where == "device":  # what a GPU does, on the CPU
        pairs = dataclasses.replace(pairs, windows=pairs.windows.put(CPU))
        assert pairs.windows.sent
    chosen, scale = np.array([5, 0, 2, 4]), measure_features(overlapping(database, starts))
    poses = np.stack([keypoints[start : start + 24] for start in starts[chosen]])
    sounds = np.stack([features[start : start + 24] for start in starts[chosen]])
    np.testing.assert_allclose(pairs.take_poses(chosen), normalised_one_by_one(poses), atol=1e-5)
    wanted = np.clip((sounds - scale.mean.numpy()) / scale.deviation.numpy(), -5, 5)
    np.testing.assert_array_equal(pairs.take_sounds(chosen, scale=scale), wanted)
    assert pairs.take_poses(chosen[:0]).shape == (0, 24, 25, 3)


def test_frames_go_to_a_gpu_that_has_the_memory_and_leave_it_room_to_train():
    gib = 2**30
    assert fits(7 * gib, free_bytes=24 * gib)
    assert not fits(MOST_BYTES + 1, free_bytes=140 * gib)  # however large it is
    assert not fits(7 * gib, free_bytes=11 * gib)
    assert fits(MOST_BYTES, free_bytes=16 * gib)


def test_a_cpu_keeps_the_frames_where_they_are():
    pairs = matched_pairs(videos=2)
    assert pairs.on(CPU).windows.sent is None


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gathers_the_same_batches():
    pairs = matched_pairs(videos=2)
    there, chosen = pairs.on(torch.device("cuda")), np.array([3, 1, 7])
    assert there.windows.device.type == "cuda"
    torch.testing.assert_close(there.take_poses(chosen).cpu(), pairs.take_poses(chosen))
    scale = measure_features(pairs)
    torch.testing.assert_close(there.take_sounds(chosen, scale=scale).cpu(), pairs.take_sounds(chosen, scale=scale))
