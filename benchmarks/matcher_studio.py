"""How well the matcher matches dances that follow their music by construction: the studio's, songs unseen in training.

    python benchmarks/matcher_studio.py --mesh resources/body/body_mesh.zip --folder studio

Each dance has a song of its own (tempo, key, chords and tune by its number) and a routine whose moves are as energetic
as the song's section and whose counts are its beats. Joints are the true ones with a jitter of JITTER_PX pixels of 256;
nothing is rendered. Every sixth song is only tested on. What is in the folder is not made again.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import torch
import yaml

from danceit_core.config import FragmentSettings, MatcherSettings, MusicSettings, make_settings
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.table import read_database, write_fragments
from danceit_core.evaluation.matching import score_part
from danceit_core.matcher.data import make_pairs, part_of
from danceit_core.matcher.train import train_matcher
from danceit_core.music.analyse import analyse_music
from danceit_core.pose.table import PoseTable
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


def make_dances(folder: Path, *, mesh: Path, dances: int, dance_s: float, seconds: float, hop_s: float) -> list[Path]:
    """The fragments of each dance as a file of the database; those that exist are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"dance_{number:03d}.parquet" for number in range(dances)]
    wanted = [number for number, path in enumerate(paths) if not path.exists()]
    if not wanted:
        return paths
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
        pose = PoseTable(keypoints.astype(np.float32), {"fps": FPS, "width": SIZE, "height": SIZE})
        settings = FragmentSettings(hop_s=hop_s)
        write_fragments(
            paths[number], cut_fragments(pose, music, video=paths[number].stem, seconds=seconds, settings=settings)
        )
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mesh", type=Path, required=True, help="the demo's body mesh (make assets fetches it)")
    parser.add_argument("--folder", type=Path, required=True, help="for the dances")
    parser.add_argument("--dances", type=int, default=240)
    parser.add_argument("--dance-seconds", type=float, default=30.0, help="of each dance")
    parser.add_argument("--seconds", type=float, default=2.0, help="of a fragment")
    parser.add_argument("--hop", type=float, default=0.5, help="between fragments, seconds")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of the matcher's settings")
    given = parser.parse_args()
    torch.set_num_threads(1)
    changed = dict(yaml.safe_load(item.replace("=", ": ", 1)).popitem() for item in given.set)
    settings = make_settings(MatcherSettings, changed)
    paths = make_dances(
        given.folder, mesh=given.mesh, dances=given.dances, dance_s=given.dance_seconds, seconds=given.seconds,
        hop_s=given.hop,
    )  # fmt: skip
    database = read_database(paths)
    pairs = make_pairs(database)
    number = np.array([int(str(name).rpartition("_")[2]) for name in database.table["video"]])[pairs.rows]
    names = database.table["video"].to_numpy(str)[pairs.rows]
    pairs = dataclasses.replace(pairs, part=part_of(names, np.where(number % 6 == 5, "test", "train")))

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
