"""What each option of the poseGAN is worth: trained for the same time on one target, scored on frames it never saw.

    python benchmarks/imagination_quality.py --results results --target performer --minutes 8 --sheets pictures
    python benchmarks/imagination_quality.py --results results --target performer --rows default pix2pixHD --minutes 2

`snakemake -- results/plates/TARGET.png results/gan/TARGET/check.json` makes what it reads. Every row gets the same
minutes of training on the same cores: the processor's time for a step is measured first, and as many are made as fit
(`--steps`: exactly as many, for two joint tables of one target to be compared step by step). Scores are of the last
15 % of the video, at the size of its plate, whatever its shape; PCK is of the joints that BlazePose finds in the
painted frames against those asked for (within a tenth of the torso), beside it in the real frames. flicker: of the
background, beside the video's own. motion_error, warp_error, texture_flicker: see
`danceit_core/evaluation/painting.py`. Memory is the process's peak. `--truth` adds a row of the same pictures scored by
the target's true joints: the same person's region and the same places asked for, whatever joints the network was
trained on. Held-out frames lend nothing to a painter that recalls. The options below `paint` are of that painter.
"""

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import yaml

from danceit_core.config import FaceGanSettings, PoseGanSettings, PoseSettings
from danceit_core.evaluation.painting import score_painting
from danceit_core.imagination.networks.checkpoint import load_face_gan, load_pose_gan
from danceit_core.imagination.networks.face import patch_side
from danceit_core.imagination.recall.library import Lending
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.imagination.target.data import TargetFrames, read_target
from danceit_core.imagination.training.face_training import train_face_gan
from danceit_core.imagination.training.pose_step import make_step, training_shelf
from danceit_core.imagination.training.train import begin, train_pose_gan
from danceit_core.media.picture import write_picture
from danceit_core.media.video import VideoWriter
from danceit_core.pose.detect import detect_keypoints
from danceit_core.pose.draw import contact_sheet
from danceit_core.pose.plate import store_size
from danceit_core.pose.redetection import redetection
from danceit_core.pose.table import read_pose_table

CPU, FPS = torch.device("cpu"), 24.0
TIMED_STEPS, SHOWN = 12, 6
QUICK = PoseGanSettings()
# pix2pixHD in the quick setting's size: the whole picture, nothing of ours.
PLAIN = {"crop": False, "background_plate": False, "body_chart": False, "pixel_weight": 0.0, "opacity_weight": 0.0}
PAINT = {"painter": "paint"}
ROWS: dict[str, dict] = {
    "default": {},
    "pix2pixHD": PAINT | PLAIN,
    "paint": PAINT,
    "no crop": PAINT | {"crop": False},
    "no plate": PAINT | {"crop": False, "background_plate": False, "opacity_weight": 0.0},
    "no chart": PAINT | {"body_chart": False},
    "no pixel loss": PAINT | {"pixel_weight": 0.0},
    "heat maps": PAINT | {"pose_input": "heatmaps"},
    "spectral norm": PAINT | {"discriminator_norm": "spectral"},
    "previous frame": PAINT | {"previous_frame": True},
}
COLUMNS = (
    "psnr",
    "ssim",
    "person_psnr",
    "face_psnr",
    "face_sharp",
    "pck",
    "mean_error_px",
    "motion_error",
    "warp_error",
    "texture_flicker",
    "flicker",
)


def steps_in(target: TargetFrames, settings: PoseGanSettings, *, minutes: float) -> int:
    """How many steps of training fit into some minutes."""
    duel, gan = begin(target, settings=settings, seed=0, device=CPU)
    step = make_step(target, duel, gan, seed=0, device=CPU, folder=tempfile.gettempdir())
    step(0)
    # The processor's time, not the clock's: other work on the machine takes nothing from a row.
    start_s = time.process_time()
    for number in range(1, TIMED_STEPS + 1):
        step(number)
        duel.update_average(number)
    step_s = (time.process_time() - start_s) / torch.get_num_threads() / TIMED_STEPS
    return max(1, int(60 * minutes / step_s))


def with_true_joints(target: TargetFrames, poses: Path, joints: Path) -> TargetFrames:
    """The same frames with the joints of another table of the same video, in pixels of the store or larger ones.

    Where the target's camera moves, they are brought to the plate by its homographies.
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


def found_in(pictures: list[np.ndarray], folder: Path, weights: Path) -> np.ndarray:
    """Joints (T, 25, 3) that the pose network finds in pictures shown as a video."""
    size = pictures[0].shape[1], pictures[0].shape[0]
    with VideoWriter(folder / "shown.mp4", fps=FPS, size=size, crf=10) as writer:
        for picture in pictures:
            writer.write(picture)
    return detect_keypoints(folder / "shown.mp4", settings=PoseSettings(), weights=weights).keypoints


@dataclass(frozen=True)
class Trial:
    """What every row is scored on."""

    target: TargetFrames
    scratch: Path
    weights: Path
    sheets: Path | None
    truth: TargetFrames | None

    @cached_property
    def held_out(self) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        """Real pictures, keypoints, and which come right after the one before."""
        tested = np.flatnonzero(~self.target.training)
        pictures = list(self.target.pictures(tested))
        return pictures, self.target.keypoints[tested], self.target.after_another[tested]

    @property
    def judges(self) -> dict[str, TargetFrames]:
        """Whose joints the pictures are scored by: those asked for, and the true ones where they are known."""
        return {"": self.target} | ({", by the true joints": self.truth} if self.truth else {})

    def redetect(self, pictures: list[np.ndarray], judge: TargetFrames) -> dict[str, float]:
        """How the joints found in pictures agree with the judge's."""
        asked = judge.keypoints[~self.target.training]
        return redetection(asked, found_in(pictures, self.scratch, self.weights), share=0.1)

    def show(self, name: str, steps: int, pose_path: Path, face_path: Path | None) -> None:
        """Paint, score, print a row, draw a sheet."""
        real, asked, _ = self.held_out
        gan = load_pose_gan(pose_path, device=CPU)
        face = load_face_gan(face_path, device=CPU) if face_path else None
        start_s = time.perf_counter()
        shelf = training_shelf(gan, self.target)
        lending = None if shelf is None else Lending.of(shelf, asked, fps=self.target.fps)
        painted = list(render_dance(asked, pose_gan=gan, face_gan=face, lending=lending, batch_size=4, device=CPU))
        rate = len(painted) / (time.perf_counter() - start_s)
        for suffix, judge in self.judges.items():
            self._print_row(name + suffix, painted, judge, steps=steps, rate=rate)
        if self.sheets:
            chosen = np.linspace(0, len(real) - 1, SHOWN).astype(int)
            tiles = [real[k] for k in chosen] + [painted[k] for k in chosen]
            self.sheets.mkdir(parents=True, exist_ok=True)
            sheet = contact_sheet(tiles, columns=SHOWN, width=320 * SHOWN)
            write_picture(self.sheets / f"{name.replace(' ', '_').replace(',', '')}.jpg", sheet)

    def _print_row(self, name: str, painted: list[np.ndarray], judge: TargetFrames, *, steps: int, rate: float) -> None:
        real, _, follows = self.held_out
        joints = judge.keypoints[~self.target.training]
        side = patch_side(judge.keypoints, patch_share=FaceGanSettings().patch_share, size=self.target.size)
        scores = score_painting(painted, real, joints, follows=follows, body_px=judge.body_px, face_px=side)
        scores |= self.redetect(painted, judge)
        cells = [f"{scores[key]:.3f}" if scores[key] < 2 else f"{scores[key]:.2f}" for key in COLUMNS]
        memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        cells += [
            f"{scores['warp_error_real']:.2f}",
            f"{scores['texture_flicker_real']:.2f}",
            f"{scores['flicker_real']:.2f}",
            f"{steps}",
            f"{rate:.1f}",
            f"{memory_gb:.1f}",
        ]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--target", required=True)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--minutes", type=float, default=8.0, help="of training, each row")
    parser.add_argument("--steps", type=int, help="of training, each row, instead of minutes")
    parser.add_argument("--face", nargs="*", default=["default"], help="rows that also get a FaceGAN")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of the poseGAN's settings, all rows")
    parser.add_argument("--joints", type=Path, help="true joints (rendered targets): what the detector's errors cost")
    parser.add_argument("--truth", type=Path, help="true joints (rendered targets) to score the pictures by as well")
    parser.add_argument("--sheets", type=Path, help="folder for a picture of each row: real above, painted below")
    parser.add_argument("--weights", type=Path, default=Path("resources/blazepose"))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    changed = dict(yaml.safe_load(item.replace("=", ": ", 1)).popitem() for item in given.set)
    frames = given.results / "frames" / f"{given.target}.mp4"
    poses = given.results / "camera" / f"{given.target}.parquet"
    plate, outlines = (given.results / name for name in (f"plates/{given.target}.png", f"outlines/{given.target}.mkv"))
    target = read_target(frames, poses, plate, settings=QUICK, outlines=outlines)
    if given.joints:
        target = with_true_joints(target, poses, given.joints)
    with tempfile.TemporaryDirectory() as folder:
        judge = with_true_joints(target, poses, given.truth) if given.truth else None
        trial, kept = Trial(target, Path(folder), given.weights, given.sheets, judge), Path(folder)
        print(f"{given.target}: {target.training.sum()} frames to train, {(~target.training).sum()} held out, "
              f"{target.size[0]} x {target.size[1]} px, body {target.body_px:.0f} px")  # fmt: skip
        for suffix, judged_by in trial.judges.items():
            shown = trial.redetect(trial.held_out[0], judged_by)
            print(f"PCK of the real frames{suffix} {shown['pck']:.3f}, {shown['mean_error_px']:.1f} px")
        print()
        print(
            "| row | "
            + " | ".join(COLUMNS)
            + " | the video's warp error | its texture flicker | its flicker | steps | frames/s | GB |"
        )
        print("|---" * (len(COLUMNS) + 7) + "|", flush=True)
        for name in given.rows:
            settings = replace(QUICK, **ROWS[name] | changed)
            steps = given.steps or steps_in(target, settings, minutes=given.minutes)
            settings = replace(settings, iterations=steps, checkpoint_every=steps)
            paths = {"checkpoint_path": kept / f"{name}.safetensors", "samples_path": kept / "samples.png"}
            train_pose_gan(target, settings=settings, seed=0, device=CPU, **paths)
            trial.show(name, steps, paths["checkpoint_path"], None)
            if name in given.face:
                gan = load_pose_gan(paths["checkpoint_path"], device=CPU)
                faces = {"checkpoint_path": kept / f"{name} face.safetensors", "samples_path": kept / "faces.png"}
                train_face_gan(target, pose_gan=gan, settings=FaceGanSettings(), seed=0, device=CPU, **faces)
                trial.show(f"{name}, FaceGAN", steps, paths["checkpoint_path"], faces["checkpoint_path"])


if __name__ == "__main__":
    main()
