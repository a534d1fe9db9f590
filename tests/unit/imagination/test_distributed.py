"""Two processes that train together take the steps that one would; an error in one ends both, in one line."""

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest
import shared_training
import torch
from puppet import draw_puppet, puppet_keypoints
from shared_training import BATCH, CPU, ITERATIONS, TINY, train_toy

from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.checkpoint import load_pose_gan
from danceit_core.imagination.training import distributed
from danceit_core.imagination.training.distributed import my_parts, spawn
from danceit_core.media.picture import write_picture
from danceit_core.media.video import VideoWriter
from danceit_core.pose.table import write_pose_table


def spawn_toy(folder, monkeypatch, *, progress=None, cards=None, **options):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(shared_training.__file__).parent), *os.sys.path]))
    arguments = {"folder": str(folder), **options}
    spawn("shared_training:train_toy", arguments, number=2, kind="cpu", cards=cards, progress=progress)


def weights(state):
    return torch.cat([v.flatten() for part in ("generator", "discriminator", "average") for v in state[part].values()])


def test_a_batch_is_shared_out_without_gap_or_overlap(monkeypatch):
    monkeypatch.setattr(distributed, "processes", lambda: 3)
    monkeypatch.setattr(distributed.distributed, "is_initialized", lambda: True)
    for samples in (3, 4, 8):
        painted = []
        for rank in range(3):
            monkeypatch.setattr(distributed.distributed, "get_rank", lambda rank=rank: rank)
            parts = my_parts(samples, at_once=2)
            assert all(0 < part.stop - part.start <= 2 for part in parts)
            painted += [number for part in parts for number in range(part.start, part.stop)]
        assert painted == list(range(samples))
    with pytest.raises(ImaginationError, match=r"batch_size is 2, less than the 3 GPUs; raise it"):
        my_parts(2, at_once=2)


@pytest.mark.slow
def test_two_processes_are_as_one(tmp_path, monkeypatch):
    pair, alone = tmp_path / "pair", tmp_path / "alone"
    for folder in (pair, alone):
        folder.mkdir()
    seen = []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6")
    spawn_toy(pair, monkeypatch, progress=lambda *at: seen.append(at), cards=[0, 2])
    train_toy(folder=alone, device=CPU, progress=None, at_once=BATCH)
    first, second = (torch.load(pair / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    one = torch.load(alone / "0.pt", weights_only=True)
    assert (first["first"], second["first"]) == (True, False)
    assert first["cards"] == second["cards"] == "4,6"
    assert torch.equal(weights(first["state"]), weights(second["state"]))
    torch.testing.assert_close(weights(first["state"]), weights(one["state"]), rtol=1e-4, atol=1e-6)
    # Each has its own clock.
    assert [{**row, "seconds": 0} for row in first["history"]] == [{**row, "seconds": 0} for row in second["history"]]
    for row, other in zip(first["history"], one["history"], strict=True):
        assert row["reviewed_by"] == 0
        assert {**row, "seconds": 0} == pytest.approx({**other, "seconds": 0}, rel=1e-3)
    assert seen == [(done + 1, ITERATIONS) for done in range(ITERATIONS)]


@pytest.mark.slow
def test_two_processes_train_from_files_and_the_first_judges(tmp_path, pose_weights):
    # A landscape: the puppet before a grey room, and that room as the plate.
    size, room = (192, 128), np.full((128, 192, 3), 120, np.uint8)
    poses = np.stack([puppet_keypoints(number / 24, size=128) for number in range(30)])
    with VideoWriter(tmp_path / "frames.mp4", fps=24, size=size, crf=10) as writer:
        for pose in poses:
            picture = room.copy()
            picture[:, 32:160] = draw_puppet(pose, size=128)
            writer.write(picture)
    poses[..., 0] += 32
    columns = {"kept": np.ones(30, bool)}
    write_pose_table(tmp_path / "poses.parquet", poses, fps=24, size=size, columns=columns)
    write_picture(tmp_path / "plate.png", room)
    settings = dataclasses.replace(
        TINY, image_size=64, channels=8, discriminator_channels=8, discriminators=1, iterations=4, batch_size=2,
        checkpoint_every=2, patience=1, crop=True, background_plate=True, body_chart=True,
    )  # fmt: skip
    made = {name: str(tmp_path / name) for name in ("checkpoint_path", "history_path")}
    made |= {name: str(tmp_path / f"{name}.png") for name in ("samples_path", "curves_path")}
    given = {"frames": str(tmp_path / "frames.mp4"), "poses": str(tmp_path / "poses.parquet"), "seed": 1}
    given |= {"plate": str(tmp_path / "plate.png")}
    given |= {"settings": dataclasses.asdict(settings), "pose_weights": str(pose_weights)}
    spawn("danceit_core.imagination.training.train:train_from_files", given | made, number=2, kind="cpu")
    history = [json.loads(line) for line in Path(made["history_path"]).read_text().splitlines()]
    assert [row["iteration"] for row in history] == [2, 4]
    for row in history:
        assert 0 <= row["held_out_pck"] <= 1
        assert row["held_out_perceptual"] > 0.1
        assert row["held_out_fault"] == row["held_out_perceptual"] + 1 - row["held_out_pck"]
    gan = load_pose_gan(made["checkpoint_path"], device=CPU)
    assert gan.settings == settings
    assert gan.view.size == size
    np.testing.assert_array_equal(gan.plate, room)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("too dark: light the room", r"^too dark: light the room$"),
        ("killed", r"one of 2 training processes failed"),
    ],
)
def test_trouble_in_one_process_ends_both(tmp_path, monkeypatch, trouble, message):
    with pytest.raises(ImaginationError, match=message):
        spawn_toy(tmp_path, monkeypatch, trouble=trouble)
    assert not list(tmp_path.glob("*.pt"))
