"""Quality of painters: each is trained for the same time on one target and scored on unseen frames.

    python benchmarks/imagination_quality.py --results results --target performer --sheets pictures
    python benchmarks/imagination_quality.py --results FOLDER --target NAME --video VIDEO --rows recall paint

`snakemake -- results/plates/TARGET.png` makes its input; with `--video` the script makes it from any video, by the same
steps, and keeps it in the folder. Scores are for the last 15 % of the video, consecutive frames, in the finished
pictures at the plate's full size; held-out frames lend nothing to a painter that recalls.

Every row gets as many steps as two idle cores make in eight minutes (`STEPS`; `--steps recall=1000 paint=700` or
`--steps 1000` changes them), so that a busy machine does not change the result. `--ratios` compares the time of a step
of each row with the first row's, with steps of all rows taken in turn. A finished row is kept in `--keep` and not made
again (delete the folder when the code has changed); an interrupted training is continued.

Figures: psnr to texture_flicker as in `danceit_core/evaluation/painting.py`; ..._512: for pictures shrunk to a longer
side of 512 pixels; fitted_psnr: the person's with joints fitted to the held-out frames (`evaluation/fitted.py`; `--fit`
of them, evenly spread), unfitted_psnr: for those frames with the detector's joints; pck: joints that the same tracker
finds again within a tenth of the torso, pck_share: relative to the real frames; identity: whether the face is the
person's (`evaluation/identity.py`); learned_distance: that of the person (`networks/learned_distance.py`),
learned_share: relative to the row pix2pixHD; far_changed, near_changed: `evaluation/artefacts.py`, per cent. The column
`real frames` has the scores of the video itself. `--truth`: also score the same pictures by the target's true joints.
Rows after pix2pixHD are options of the painter `paint`.
"""

import argparse
import json
import resource
import tempfile
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import yaml
from painter_scores import CPU, Trial
from painter_sheets import write_sheets
from target_inputs import prepare_target

from danceit_core.config import FaceGanSettings, PoseGanSettings
from danceit_core.imagination.networks.checkpoint import load_face_gan, load_pose_gan
from danceit_core.imagination.target.data import TargetFrames, read_target
from danceit_core.imagination.training.face_training import train_face_gan
from danceit_core.imagination.training.pose_step import make_step
from danceit_core.imagination.training.train import begin, train_pose_gan
from danceit_core.media.letterbox import Picture
from danceit_core.media.picture import read_picture, write_picture
from danceit_core.pose.plate import store_size
from danceit_core.pose.table import read_pose_table

SHOWN = 6
QUICK = PoseGanSettings()
# The painter that was the default before `recall`, with its network.
PAINT = {"painter": "paint", "channels": 32, "blocks": 4, "discriminator_channels": 24}
# pix2pixHD at the size of the quick setting: the whole picture, none of our additions.
PLAIN = {"crop": False, "background_plate": False, "body_chart": False, "pixel_weight": 0.0, "opacity_weight": 0.0}
ROWS: dict[str, dict] = {
    "recall": {},
    "paint": PAINT,
    "pix2pixHD": PAINT | PLAIN,
    "no crop": PAINT | {"crop": False},
    "no plate": PAINT | {"crop": False, "background_plate": False, "opacity_weight": 0.0},
    "no chart": PAINT | {"body_chart": False},
    "no pixel loss": PAINT | {"pixel_weight": 0.0},
    "heat maps": PAINT | {"pose_input": "heatmaps"},
    "spectral norm": PAINT | {"discriminator_norm": "spectral"},
    "previous frame": PAINT | {"previous_frame": True},
}
# Steps in eight minutes of two idle cores on the demo's target: 3 per second for `recall`, the others by `--ratios`
# (1.05 and 1.42 times as many).
STEPS = {"recall": 1440, "paint": 1500, "pix2pixHD": 2040}
FIGURES = (
    "psnr", "ssim", "psnr_512", "ssim_512", "person_psnr_512", "face_psnr_512",
    "pck", "pck_share", "mean_error_px", "person_psnr", "fitted_psnr", "unfitted_psnr", "face_psnr",
    "face_sharp", "hands_sharp", "identity_distance", "identity_share", "learned_distance", "learned_share",
    "far_changed", "near_changed", "warp_error", "texture_flicker", "motion_error", "flicker", "steps",
    "frames_a_second", "gigabytes",
)  # fmt: skip
PERCENT = ("far_changed", "near_changed")


def with_true_joints(target: TargetFrames, poses: Path, joints: Path) -> TargetFrames:
    """The same frames with the joints of another table of the same video, in pixels of the store or larger ones.

    If the target's camera moves, they are mapped to the plate by its homographies.
    """
    table, true = read_pose_table(poses), read_pose_table(joints)
    store, numbers = store_size(table), target.film_numbers
    keypoints = true.keypoints[numbers].copy()
    keypoints[..., :2] *= np.float32([here / there for here, there in zip(store, true.size, strict=True)])
    if "camera" in table.columns:
        points = np.concatenate([keypoints[..., :2], np.ones_like(keypoints[..., :1])], -1)
        points = points @ table.columns["camera"][numbers].swapaxes(-1, -2)
        keypoints[..., :2] = points[..., :2] / points[..., 2:]
    return replace(target, keypoints=np.where(true.keypoints[numbers][..., 2:] > 0, keypoints, np.float32(0)))


def print_ratios(target: TargetFrames, rows: list[str], changed: dict, *, rounds: int = 12) -> None:
    """Print the median CPU time of a step of each row, taken in turn, and the ratio of the first row's to it."""
    steps, times = {}, {name: [] for name in rows}
    for name in rows:
        duel, gan = begin(target, settings=replace(QUICK, **ROWS[name] | changed), seed=0, device=CPU)
        steps[name] = make_step(target, duel, gan, seed=0, device=CPU, folder=tempfile.gettempdir())
        steps[name](0)
    for number in range(1, rounds + 1):
        for name, step in steps.items():
            start_s = time.process_time()
            step(number)
            times[name].append(time.process_time() - start_s)
    first = float(np.median(times[rows[0]]))
    for name in rows:
        median = float(np.median(times[name]))
        print(f"{name}: {1e3 * median:.0f} CPU ms per step, {first / median:.3f} times the steps of {rows[0]}")


def make_row(trial: Trial, name: str, settings: PoseGanSettings, keep: Path, *, with_face: bool) -> dict[str, dict]:
    """Train and score one row and keep pictures of the shown frames; returns the figures of one or two lines."""
    paths = {"checkpoint_path": keep / "pose_gan.safetensors", "samples_path": keep / "samples.png"}
    if not paths["checkpoint_path"].is_file():
        train_pose_gan(trial.target, settings=settings, seed=0, device=CPU, **paths)
    gan, lines = load_pose_gan(paths["checkpoint_path"], device=CPU), {}
    faces = [(name, None)]
    if with_face:
        path = keep / "face_gan.safetensors"
        about = {"checkpoint_path": path, "samples_path": keep / "faces.png"}
        train_face_gan(trial.target, pose_gan=gan, settings=FaceGanSettings(), seed=0, device=CPU, **about)
        faces.append((f"{name}, FaceGAN", load_face_gan(path, device=CPU)))
    for label, face in faces:
        painted, rate = trial.paint(gan, face)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        also = {"steps": settings.iterations, "frames_a_second": rate, "gigabytes": memory}
        lines[label] = trial.figures(painted) | trial.fitted(gan) | also
        if trial.truth is not None:
            by_truth = trial.judged_by(trial.truth)
            lines[f"{label}, by the true joints"] = by_truth.figures(painted) | also
        keep_pictures(keep / label, [painted[k] for k in shown(trial)])
    return lines


def shown(trial: Trial) -> np.ndarray:
    """Which of the held-out frames are shown on the sheets."""
    return np.linspace(0, len(trial.tested) - 1, SHOWN).round().astype(int)


def keep_pictures(folder: Path, pictures: list[Picture]) -> None:
    """Write the pictures from which sheets are made."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        write_picture(folder / f"{number}.png", picture)


def print_table(lines: dict[str, dict], real: dict) -> None:
    """Print a Markdown table of all figures, one column per row, the real frames first."""
    columns = {"real frames": real, **lines}
    for name, known in columns.items():
        shares = {"pck_share": ("pck", real), "learned_share": ("learned_distance", lines.get("pix2pixHD", {}))}
        columns[name] = known | {
            share: known.get(figure, np.nan) / over.get(figure, np.nan) if over.get(figure) else np.nan
            for share, (figure, over) in shares.items()
        }
    print("\n| figure | " + " | ".join(columns) + " |\n" + "|---" * (len(columns) + 1) + "|")
    for figure in FIGURES:
        scale = 100 if figure in PERCENT else 1
        values = [scale * known.get(figure, np.nan) for known in columns.values()]
        cells = ["" if not np.isfinite(v) else f"{v:.0f}" if v >= 100 else f"{v:.3g}" for v in values]
        print(f"| {figure} | " + " | ".join(cells) + " |", flush=True)


def steps_of(given: list[str]) -> dict[str, int]:
    """Steps of each row: `STEPS`, unless given for all or for single rows."""
    steps = {name: STEPS.get(name, STEPS["paint"]) for name in ROWS}
    for item in given:
        name, _, number = item.rpartition("=")
        steps |= {name: int(number)} if name else dict.fromkeys(steps, int(number))
    return steps


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--target", required=True)
    parser.add_argument("--video", type=Path, help="make missing files in the folder of results from this video")
    parser.add_argument("--rows", nargs="+", default=["recall", "paint", "pix2pixHD"], choices=list(ROWS))
    parser.add_argument("--steps", nargs="+", default=[], metavar="[ROW=]N", help="training steps instead of STEPS")
    parser.add_argument("--ratios", action="store_true", help="only compare the time of a step of each row")
    parser.add_argument("--face", nargs="*", default=[], help="rows that also get a FaceGAN")
    parser.add_argument("--fit", type=int, default=12, help="held-out frames to which joints are fitted; 0: none")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="KEY=VALUE", help="settings of the poseGAN for all rows"
    )
    parser.add_argument(
        "--joints", type=Path, help="true joints (rendered targets), to measure the cost of the detector's errors"
    )
    parser.add_argument("--truth", type=Path, help="also score the pictures by these true joints (rendered targets)")
    parser.add_argument("--keep", type=Path, default=Path("rows"), help="folder for the networks and figures of rows")
    parser.add_argument("--sheets", type=Path, help="folder for sheets: people, faces and hands, feet")
    parser.add_argument("--weights", type=Path, default=Path("resources/blazepose"))
    return parser.parse_args()


def read_trial(given: argparse.Namespace, keep: Path) -> Trial:
    """Read the target and the material for scoring its rows."""
    if given.video:
        prepare_target(given.video, given.results, name=given.target, weights=given.weights)
    frames, poses, plate, outlines = (
        given.results / kind / f"{given.target}.{end}"
        for kind, end in (("frames", "mp4"), ("camera", "parquet"), ("plates", "png"), ("outlines", "mkv"))
    )
    target = read_target(frames, poses, plate, settings=QUICK, outlines=outlines)
    if given.joints:
        target = with_true_joints(target, poses, given.joints)
    truth = with_true_joints(target, poses, given.truth) if given.truth else None
    return Trial(target, keep, given.weights, truth=truth, fit_frames=given.fit)


def make_rows(given: argparse.Namespace, trial: Trial, keep: Path, changed: dict) -> None:
    """Make and print every row that is not kept yet, then draw the sheets."""
    real, steps, lines, pictures = trial.figures(trial.real), steps_of(given.steps), {}, {}
    print_table({}, real)
    for name in given.rows:
        settings = replace(QUICK, **ROWS[name] | changed)
        settings = replace(settings, iterations=steps[name], checkpoint_every=steps[name])
        about = [settings, str(given.joints), str(given.truth), given.fit, name in given.face]
        folder = keep / f"{name} {zlib.crc32(repr(about).encode()):08x}"
        folder.mkdir(parents=True, exist_ok=True)
        done = folder / "figures.json"
        if not done.is_file():
            made = make_row(trial, name, settings, folder, with_face=name in given.face)
            done.write_text(json.dumps(made))
        made = json.loads(done.read_text())
        lines |= made
        for line in made:
            if (folder / line).is_dir():
                pictures[line] = [read_picture(folder / line / f"{k}.png") for k in range(SHOWN)]
        print_table(lines, real)
    if given.sheets:
        chosen = shown(trial)
        shown_too = {"real frames": [trial.real[k] for k in chosen]} | pictures
        write_sheets(given.sheets, shown_too, trial.asked[chosen], body_px=trial.target.body_px)


def main() -> None:
    given = arguments()
    torch.set_num_threads(given.threads)
    changed = dict(yaml.safe_load(item.replace("=", ": ", 1)).popitem() for item in given.set)
    keep = given.keep / given.target
    keep.mkdir(parents=True, exist_ok=True)
    trial = read_trial(given, keep)
    target = trial.target
    print(f"{given.target}: {target.training.sum()} frames to train, {(~target.training).sum()} held out, "
          f"{target.size[0]} x {target.size[1]} px, body {target.body_px:.0f} px", flush=True)  # fmt: skip
    if given.ratios:
        print_ratios(target, given.rows, changed)
    else:
        make_rows(given, trial, keep, changed)


if __name__ == "__main__":
    main()
