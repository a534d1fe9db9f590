"""Depth, points in metres and fingers go through cleaning as the joints do."""

from dataclasses import replace

import numpy as np
import pytest
from puppet import puppet_keypoints

from danceit_core.config import CleaningSettings
from danceit_core.errors import PoseError
from danceit_core.pose.carry import exchange_sides, mend_beside, smooth_beside
from danceit_core.pose.clean import clean_keypoints, clean_table
from danceit_core.pose.skeleton import LEFT_WRIST, MIRROR, RIGHT_WRIST
from danceit_core.pose.swaps import ARMS
from danceit_core.pose.table import read_pose_table, write_pose_table

FRAMES, FPS = 120, 24
DANCE = np.stack([puppet_keypoints(k / FPS, size=256) for k in range(FRAMES)])
T = np.arange(FRAMES)[:, None]
# Numbers that tell frame and joint.
BESIDE = {
    "depth": (T + np.arange(25) / 100).astype(np.float32),
    "world": np.repeat((T + np.arange(25) / 100)[..., None], 3, axis=-1).astype(np.float32),
    "fingers": np.concatenate(
        [np.repeat((T + np.arange(6) / 10)[..., None], 2, axis=-1), np.ones((FRAMES, 6, 1))], axis=-1
    ).astype(np.float32),
}


def clean(keypoints, beside, **changes):
    settings = replace(CleaningSettings(), **changes)
    return clean_keypoints(keypoints, fps=FPS, settings=settings, beside=beside)


def test_a_swap_of_the_arms_that_is_taken_back_is_taken_back_in_all():
    arms, others = list(ARMS), [MIRROR[joint] for joint in ARMS]
    swapped, beside = DANCE.copy(), {name: values.copy() for name, values in BESIDE.items()}
    swapped[50:58, arms] = DANCE[50:58, others]
    for name in ("depth", "world"):
        beside[name][50:58, arms] = BESIDE[name][50:58, others]
    beside["fingers"][50:58] = BESIDE["fingers"][50:58][:, [3, 4, 5, 0, 1, 2]]
    cleaned = clean(swapped, beside, smoothing="none")
    np.testing.assert_array_equal(cleaned.keypoints, DANCE)
    for name, values in BESIDE.items():
        np.testing.assert_array_equal(cleaned.beside[name], values)


def test_a_swap_of_the_legs_leaves_the_fingers():
    exchanged = np.zeros((FRAMES, 25), bool)
    exchanged[10:20, [10, 13]] = True
    given = exchange_sides(BESIDE, exchanged)
    np.testing.assert_array_equal(given["fingers"], BESIDE["fingers"])
    np.testing.assert_array_equal(given["depth"][10:20, 10], BESIDE["depth"][10:20, 13])
    np.testing.assert_array_equal(given["world"][20:], BESIDE["world"][20:])


def test_short_gaps_are_bridged_and_long_ones_stay():
    holed, beside = DANCE.copy(), {name: values.copy() for name, values in BESIDE.items()}
    for start, end in ((30, 34), (70, 90)):
        holed[start:end, RIGHT_WRIST] = 0
        beside["depth"][start:end, RIGHT_WRIST] = np.nan
        beside["world"][start:end, RIGHT_WRIST] = np.nan
        beside["fingers"][start:end, :3] = 0
    cleaned = clean(holed, beside, smoothing="none").beside
    np.testing.assert_allclose(cleaned["depth"][30:34], BESIDE["depth"][30:34], rtol=1e-5)
    np.testing.assert_allclose(cleaned["world"][30:34], BESIDE["world"][30:34], rtol=1e-5)
    np.testing.assert_allclose(cleaned["fingers"][30:34], BESIDE["fingers"][30:34], rtol=1e-5)
    assert np.isnan(cleaned["depth"][70:90, RIGHT_WRIST]).all()
    assert (cleaned["fingers"][70:90, :3] == 0).all()
    np.testing.assert_array_equal(cleaned["depth"][70:90, LEFT_WRIST], BESIDE["depth"][70:90, LEFT_WRIST])


def test_where_a_joint_jumped_away_its_depth_is_bridged_too():
    jumped, beside = DANCE.copy(), {"depth": BESIDE["depth"].copy()}
    jumped[60, RIGHT_WRIST, 0] += 300
    beside["depth"][60, RIGHT_WRIST] = 1e3
    cleaned = clean(jumped, beside, smoothing="none")
    assert cleaned.beside["depth"][60, RIGHT_WRIST] == pytest.approx(BESIDE["depth"][60, RIGHT_WRIST], rel=1e-4)


def test_noise_is_calmed_as_that_of_the_joints_is():
    rng = np.random.default_rng(0)
    noisy = {name: values + rng.normal(0, 0.1, values.shape).astype(np.float32) for name, values in BESIDE.items()}
    noisy["fingers"][..., 2] = 1
    smoothed = smooth_beside(noisy, DANCE, np.ones(FRAMES, bool), fps=FPS)
    for name, values in BESIDE.items():
        assert np.abs(smoothed[name] - values).mean() < 0.75 * np.abs(noisy[name] - values).mean()
    np.testing.assert_array_equal(smoothed["fingers"][..., 2], 1)


def test_nothing_is_smoothed_or_bridged_across_a_cut():
    beside = {"depth": np.repeat([[0.0], [100.0]], [60, 60], axis=0) + np.zeros(25)}
    settings = CleaningSettings()
    cleaned = clean_keypoints(DANCE, fps=FPS, settings=settings, cuts=(60,), beside=beside)
    np.testing.assert_allclose(cleaned.beside["depth"][[59, 60]], [[0] * 25, [100] * 25], atol=1e-9)


def test_a_joint_without_numbers_stays_without():
    absent = np.full((FRAMES, 25), np.nan)
    given = mend_beside({"depth": absent}, DANCE, DANCE, floor=0.1, max_gap=6)
    assert np.isnan(given["depth"]).all()


def test_the_columns_come_back_from_the_file(tmp_path):
    write_pose_table(tmp_path / "a.parquet", DANCE, fps=FPS, size=(256, 256), columns=BESIDE)
    table = read_pose_table(tmp_path / "a.parquet")
    assert table.metadata["schema"] == 2
    for name, values in BESIDE.items():
        np.testing.assert_array_equal(table.columns[name], values)
    cleaned = clean_table(table, settings=CleaningSettings(), name="a", tolerant=False)
    assert cleaned.columns["world"].shape == (FRAMES, 25, 3)


def test_tables_of_the_first_schema_are_read_and_newer_ones_refused(tmp_path):
    path = tmp_path / "a.parquet"
    write_pose_table(path, DANCE, fps=FPS, size=(256, 256))
    table = read_pose_table(path)
    assert not set(BESIDE) & set(table.columns)
    rewrite(path, schema=None)
    np.testing.assert_array_equal(read_pose_table(path).keypoints, DANCE)
    rewrite(path, schema=3)
    with pytest.raises(PoseError, match=r"a\.parquet is not a keypoint table of DanceIt \(schema is '3'"):
        read_pose_table(path)


def rewrite(path, *, schema):
    """The same file with another number of its schema, or none."""
    from danceit_core.tables import read_table, write_table

    table, metadata = read_table(path)
    metadata = {key: value for key, value in metadata.items() if key != "schema"}
    write_table(path, table, metadata=metadata if schema is None else {**metadata, "schema": schema})
