"""Each script of `examples` on small real files: what it prints and writes is true."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from checkout import ROOT
from toy_target import CPU, LANDSCAPE, TOY_SETTINGS, toy_room, toy_target

from danceit_core.config import DemoSettings, MatcherSettings, MusicSettings
from danceit_core.imagination.networks.checkpoint import save_pose_gan
from danceit_core.imagination.training.train import begin
from danceit_core.matcher.model import CHECKPOINT_VERSION, make_encoders, save_matcher
from danceit_core.media.audio import duration_s
from danceit_core.media.video import decode_frames, probe
from danceit_core.music.columns import feature_width
from danceit_core.pose.table import read_pose_table, write_pose_table
from danceit_core.studio.record import record_dance, record_song

EXAMPLES = ROOT / "examples"
DANCE_S, SONG_S = 3.0, 4.5


def run(name, *arguments):
    runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](*map(str, arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, body_mesh):
    """A rendered dance with its music, and the song that was made for the demo."""
    folder = tmp_path_factory.mktemp("examples")
    settings = DemoSettings(size=128, supersampling=1, dance_s=DANCE_S, song_s=SONG_S)
    files = {"video_path": folder / "dance.mp4", "joints_path": folder / "joints.parquet"}
    record_dance("dancer_2", mesh=body_mesh, settings=settings, **files)
    record_song(folder / "song.flac", settings=settings)
    return folder


def test_every_example_is_tried_and_short():
    scripts = {path.stem for path in EXAMPLES.glob("*.py")}
    tried = set(re.findall(r'run\("(\w+)"', Path(__file__).read_text()))
    assert scripts == tried
    assert all(len(path.read_text().splitlines()) < 40 for path in EXAMPLES.glob("*.py"))


def test_joints_of_a_video_are_found_and_cleaned(folder, pose_weights, monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLES.parent)
    run("clean_keypoints", folder / "dance.mp4", folder / "dance.parquet")
    table, truth = read_pose_table(folder / "dance.parquet"), read_pose_table(folder / "joints.parquet")
    assert len(table) == DANCE_S * 24
    kept = table.columns["kept"]
    assert f"{kept.mean():.0%} of 72 frames are of use" in capsys.readouterr().out
    assert kept.mean() > 0.8
    wanted = truth.keypoints[:, :15, :2] * max(table.size) / max(truth.size)
    away = np.linalg.norm(table.keypoints[:, :15, :2] - wanted, axis=-1)[kept]
    assert np.median(away) < 0.03 * max(table.size)


def test_beats_of_a_song_are_drawn(folder, capsys):
    run("draw_beats", folder / "song.flac", folder / "beats.png")
    beats, tempo = re.match(r"(\d+) beats, ([\d.]+) a minute, in 4.5 s", capsys.readouterr().out).groups()
    assert float(tempo) == pytest.approx(112, abs=3)
    assert int(beats) == pytest.approx(112 / 60 * SONG_S, abs=1.5)
    assert (folder / "beats.png").stat().st_size > 5000


def test_a_dance_meets_more_beats_once_it_is_aligned(folder, capsys):
    # The true joints: detection is another example.
    run("align_dance", folder / "joints.parquet", folder / "song.flac", folder / "aligned.mp4")
    before, after = (int(hits) for hits in re.findall(r": (\d+) of \d+ beats met", capsys.readouterr().out))
    assert after > before
    assert probe(folder / "aligned.mp4").has_sound
    assert duration_s(folder / "aligned.mp4") == pytest.approx(DANCE_S, abs=0.05)


def test_fragments_are_searched_for_each_part_of_a_song(folder, capsys):
    feature_set = MusicSettings().features
    width = feature_width(feature_set)
    settings = MatcherSettings()
    torch.manual_seed(0)
    audio, pose = make_encoders(settings, feature_width=width)
    save_matcher(
        folder / "matcher.pt",
        {
            "version": CHECKPOINT_VERSION, "settings": vars(settings), "feature_set": feature_set,
            "feature_width": width, "seconds": 1.0, "fps": 24.0,
            "feature_mean": torch.zeros(width), "feature_deviation": torch.ones(width),
            "audio_encoder": audio.state_dict(), "pose_encoder": pose.state_dict(), "epoch": 0, "selected_on": "last",
            "threshold": 1.0,
        },
    )  # fmt: skip
    kept = {"kept": np.ones(round(DANCE_S * 24), bool)}
    joints = read_pose_table(folder / "joints.parquet")
    write_pose_table(folder / "whole.parquet", joints.keypoints, fps=24, size=joints.size, columns=kept)
    run("search_fragments", folder / "matcher.pt", folder / "song.flac", folder / "whole.parquet", folder / "dance.mp4")
    lines = capsys.readouterr().out.splitlines()
    assert [float(line.split()[0]) for line in lines] == pytest.approx([0, 1, 2, 3, 4], abs=0.3)
    for line in lines:
        found = re.findall(r"dance:\d+ \((\d\.\d\d)\)", line)
        assert len(found) == 3
        assert found == sorted(found)


def test_poses_are_painted(tmp_path, capsys):
    """A picture of 80 x 56 on a plate of 96 x 64, as a dance before a camera that moved is written."""
    target, corner = toy_target(12, size=LANDSCAPE), (10, 6)
    poses = target.keypoints.copy()
    poses[..., :2] -= corner
    columns = {name: np.full(12, at, np.float32) for name, at in zip(("plate_x", "plate_y"), corner, strict=True)}
    for folder in ("poses/toy", "gan/toy"):
        (tmp_path / folder).mkdir(parents=True)
    write_pose_table(tmp_path / "poses" / "toy" / "song.parquet", poses, fps=24, size=(80, 56), columns=columns)
    _, gan = begin(target, settings=TOY_SETTINGS, seed=0, device=CPU)
    save_pose_gan(tmp_path / "gan" / "toy" / "pose_gan.safetensors", gan)
    run("paint_poses", tmp_path, "toy", "song", tmp_path / "painted.mp4")
    assert capsys.readouterr().out.endswith("painted.mp4: 12 frames of 80 x 56\n")
    pictures = list(decode_frames(tmp_path / "painted.mp4", fps=24, size=None))
    assert len(pictures) == 12
    room = toy_room(LANDSCAPE).astype(int)
    for picture in pictures:
        assert picture.shape == (56, 80, 3)
        # The room at the picture's place on the plate, and at no other.
        here, elsewhere = (np.abs(picture[:, :6] - room[y : y + 56, x : x + 6]).mean() for x, y in (corner, (0, 0)))
        assert here < 10
        assert here < 0.7 * elsewhere
