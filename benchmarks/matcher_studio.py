"""Accuracy of the matcher for dances that follow their music by construction: studio dances, songs unseen in training.

    python benchmarks/matcher_studio.py --mesh resources/body/body_mesh.zip --folder studio

Each dance has its own song (tempo, key, chords and tune by its number) and a routine whose moves are as energetic as
the song's section and whose counts are its beats. Joints are the true ones with a jitter of JITTER_PX pixels of 256;
nothing is rendered. Every sixth song is only tested on. Existing files in the folder are not made again.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import torch
import yaml

from danceit_core.config import FragmentSettings, MatcherSettings, MusicSettings, make_settings
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.gather import frames_in_memory
from danceit_core.evaluation.matching import score_part
from danceit_core.matcher.data import make_pairs, part_of
from danceit_core.matcher.train import train_matcher
from danceit_core.music.analyse import analyse_music
from danceit_core.music.table import MusicTable, read_music_table, write_music_table
from danceit_core.pose.table import PoseTable, read_pose_table, write_pose_table
from danceit_core.studio.camera import Camera
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.dancer import dress
from danceit_core.studio.instruments import SAMPLE_RATE_HZ
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import perform, project_joints

FPS, SIZE, JITTER_PX = 24.0, 256, 0.5
SLOWEST_BPM, FASTEST_BPM = 80.0, 160.0
COLUMNS = (
    "distance", "accuracy_at_1", "balanced_accuracy", "auc", "auc_other_song", "auc_delayed", "recall_at_10",
    "recall_at_10_chance", "median_rank", "candidates",
)  # fmt: skip


def make_dances(folder: Path, *, mesh: Path, dances: int, dance_s: float) -> dict[str, tuple[PoseTable, MusicTable]]:
    """Poses and music of each dance, by name; those whose files exist are read."""
    names = [f"dance_{number:03d}" for number in range(dances)]
    poses, sounds = ([folder / kind / f"{name}.parquet" for name in names] for kind in ("cleaned", "music"))
    wanted = [number for number, path in enumerate(sounds) if not path.exists()]
    if wanted:
        _dance(wanted, poses, sounds, mesh=mesh, dance_s=dance_s)
    return {
        name: (read_pose_table(pose), read_music_table(sound))
        for name, pose, sound in zip(names, poses, sounds, strict=True)
    }


def _dance(wanted: list[int], poses: list[Path], sounds: list[Path], *, mesh: Path, dance_s: float) -> None:
    """Write joints and music of the dances of some numbers."""
    for path in (poses[0], sounds[0]):
        path.parent.mkdir(parents=True, exist_ok=True)
    scene = CLIPS["dancer_1"]
    dancer = dress(mesh, scene.look)
    camera = Camera.for_height(dancer.body.height)
    for number in wanted:
        rng = np.random.default_rng(number)
        tempo_bpm, seed = float(rng.uniform(SLOWEST_BPM, FASTEST_BPM)), 1000 + number
        song = compose_song(tempo_bpm=tempo_bpm, seconds=dance_s, seed=seed)
        solved, _ = perform(dataclasses.replace(scene, tempo_bpm=tempo_bpm, seed=seed), dancer, song, seconds=dance_s)
        keypoints = project_joints(dancer, solved, camera, size=SIZE)
        keypoints[..., :2] += rng.normal(0, JITTER_PX, keypoints[..., :2].shape)
        music = analyse_music(
            song.samples, sample_rate_hz=SAMPLE_RATE_HZ, fps=FPS, settings=MusicSettings(features="rich"),
            frames=len(keypoints),
        )  # fmt: skip
        kept = {"kept": np.ones(len(keypoints), bool)}
        write_pose_table(poses[number], keypoints, fps=FPS, size=(SIZE, SIZE), columns=kept)
        write_music_table(sounds[number], music)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mesh", type=Path, required=True, help="the demo's body mesh (make assets fetches it)")
    parser.add_argument("--folder", type=Path, required=True, help="folder of the dances")
    parser.add_argument("--dances", type=int, default=240)
    parser.add_argument("--dance-seconds", type=float, default=30.0, help="length of each dance")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a fragment")
    parser.add_argument("--hop", type=float, default=0.5, help="distance between fragments, seconds")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="settings of the matcher")
    given = parser.parse_args()
    torch.set_num_threads(1)
    changed = dict(yaml.safe_load(item.replace("=", ": ", 1)).popitem() for item in given.set)
    settings = make_settings(MatcherSettings, changed)
    dances = make_dances(given.folder, mesh=given.mesh, dances=given.dances, dance_s=given.dance_seconds)
    frames = frames_in_memory(dances)
    database = cut_fragments(frames, seconds=given.seconds, settings=FragmentSettings(hop_s=given.hop))
    names = database.table["video"].to_numpy(str)
    number = np.array([int(name.rpartition("_")[2]) for name in names])
    split = np.where(number % 6 == 5, "test", "train")
    pairs = dataclasses.replace(make_pairs(database), part=part_of(names, split))  # all have sound

    def say(done: int, total: int) -> None:
        print(f"epoch {done} of {total}", flush=True)

    trained = train_matcher(
        pairs,
        settings=settings,
        seed=0,
        device=torch.device("cpu"),
        progress=say,
        state=given.folder / "training.state",
    )
    for epoch in trained.history:
        print({key: round(value, 3) for key, value in epoch.items() if not key.endswith("threshold")})
    print("| part | dances | fragments | " + " | ".join(COLUMNS) + " |\n" + "|---" * (len(COLUMNS) + 3) + "|")
    for name in ("train", "validation", "test"):
        rng = np.random.default_rng(0)
        scores = score_part(trained.matcher, pairs.only(pairs.part == name), delay_s=settings.delay_s, rng=rng)
        cells = " | ".join(f"{scores[key]:.3g}" for key in COLUMNS)
        print(f"| {name} | {scores['videos']} | {scores['fragments']} | {cells} |")


if __name__ == "__main__":
    main()
