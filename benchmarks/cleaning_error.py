"""Errors of keypoints before and after cleaning: faults inserted at known places, and a detector's own.

    python benchmarks/cleaning_error.py --captures captures/*.npz --detected VIDEO.joints.parquet KEYPOINTS.parquet ...

Studio dances (no picture is needed) and, if given, motion captures (.npz of (T, 25, 3) at 24 frames per second) get
jitter, holes, spikes and swaps from a fixed seed. --detected takes pairs of the true joints of a studio video and the
keypoints that a detector found in it (`data/demo/CLIP.joints.parquet`, `results/keypoints/CLIP.parquet` of the demo).
Errors are means over the body joints of kept frames, in torsos; jitter is their jerk, torsos / s^3.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from danceit_core.assets import fetch_body_mesh
from danceit_core.config import CleaningSettings
from danceit_core.evaluation.cleaning_page import jitter
from danceit_core.pose.clean import clean_keypoints
from danceit_core.pose.skeleton import BODY, MIRROR, Keypoints, present, torso_length
from danceit_core.pose.swaps import ARMS, FEET_ENDS, LEGS
from danceit_core.pose.table import read_pose_table
from danceit_core.studio.camera import Camera
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.dancer import as_keypoints, dress, true_joints
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import FPS, perform

SIZE, STUDIO_S = 512, 30.0
Fault = Callable[[Keypoints, np.random.Generator], Keypoints]


def studio_dances(resources: Path) -> Iterator[Keypoints]:
    """True joints of the demo's dancers, in pixels."""
    mesh = fetch_body_mesh(resources / "body")
    for scene in CLIPS.values():
        dancer = dress(mesh, scene.look)
        song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=STUDIO_S, seed=scene.seed)
        solved, _ = perform(scene, dancer, song, seconds=STUDIO_S)
        camera = Camera.for_height(dancer.body.height)
        yield as_keypoints(camera.pixels(true_joints(dancer, solved), size=SIZE))


def jitter_of(share: float) -> Fault:
    """Gaussian noise of `share` torsos on each coordinate."""

    def shake(keypoints: Keypoints, rng: np.random.Generator) -> Keypoints:
        noise = rng.normal(0, share * torso_px(keypoints), keypoints[..., :2].shape)
        return np.concatenate([keypoints[..., :2] + noise, keypoints[..., 2:]], axis=-1).astype(np.float32)

    return shake


def holes(keypoints: Keypoints, rng: np.random.Generator) -> Keypoints:
    """Twice per second a joint is misplaced with low confidence for 2 to 6 frames."""
    faulty = keypoints.copy()
    for frame in range(6, len(keypoints) - 8, 12):
        joint, length = rng.choice(BODY), int(rng.integers(2, 7))
        faulty[frame : frame + length, joint, :2] += rng.normal(0, 0.5 * torso_px(keypoints), 2)
        faulty[frame : frame + length, joint, 2] = 0.05
    return faulty


def spikes(keypoints: Keypoints, rng: np.random.Generator) -> Keypoints:
    """Twice per second a joint is far away for 1 to 3 frames."""
    faulty = keypoints.copy()
    for frame in range(6, len(keypoints) - 8, 12):
        joint, length, angle = rng.choice(BODY), int(rng.integers(1, 4)), rng.uniform(0, 2 * np.pi)
        away = rng.uniform(1.2, 3) * torso_px(keypoints)
        faulty[frame : frame + length, joint, :2] += away * np.array([np.cos(angle), np.sin(angle)])
    return faulty


def swaps(keypoints: Keypoints, rng: np.random.Generator) -> Keypoints:
    """Every three seconds arms or legs are swapped for 2 to 20 frames."""
    faulty = keypoints.copy()
    for frame in range(24, len(keypoints) - 48, 72):
        joints, length = (ARMS, LEGS + FEET_ENDS)[rng.integers(2)], int(rng.integers(2, 21))
        mirrored = [MIRROR[joint] for joint in joints]
        faulty[frame : frame + length, list(joints)] = keypoints[frame : frame + length, mirrored]
    return faulty


def everything(keypoints: Keypoints, rng: np.random.Generator) -> Keypoints:
    """All faults at once, with jitter of 0.01 torso."""
    for fault in (swaps, spikes, holes, jitter_of(0.01)):
        keypoints = fault(keypoints, rng)
    return keypoints


FAULTS: dict[str, Fault] = {
    "none": lambda keypoints, _: keypoints,
    "jitter 0.01": jitter_of(0.01),
    "jitter 0.02": jitter_of(0.02),
    "jitter 0.04": jitter_of(0.04),
    "holes": holes,
    "spikes": spikes,
    "swaps": swaps,
    "all": everything,
}


def torso_px(keypoints: Keypoints) -> float:
    """Median torso length."""
    return float(np.nanmedian(torso_length(keypoints)))


def row(name: str, pairs: Sequence[tuple[Keypoints, Keypoints]], settings: CleaningSettings) -> str:
    """A row of the table: (faulty, true) keypoints of several dances before and after cleaning."""
    errors: dict[str, list[np.ndarray]] = {"before": [], "after": []}
    jerks: dict[str, list[np.ndarray]] = {"true": [], "before": [], "after": []}
    missing, kept = [], []
    for faulty, true in pairs:
        cleaned = clean_keypoints(faulty, fps=FPS, settings=settings)
        use = cleaned.kept[:, None] & present(true)[:, BODY]
        kept.append(cleaned.kept)
        for label, found in (("before", faulty), ("after", cleaned.keypoints)):
            seen = use & present(found)[:, BODY]
            apart = np.linalg.norm((found - true)[:, BODY, :2], axis=-1) / torso_px(true)
            errors[label].append(apart[seen])
            jerks[label].append(jitter(found, fps=FPS))
        missing.append((use & ~present(cleaned.keypoints)[:, BODY])[cleaned.kept])
        jerks["true"].append(jitter(true, fps=FPS))
    before, after = (np.concatenate(errors[label]) for label in ("before", "after"))
    jerk = {label: float(np.nanmedian(np.concatenate(values))) for label, values in jerks.items()}
    cells = (
        name, f"{before.mean():.4f}", f"{after.mean():.4f}", f"{np.percentile(before, 99):.3f}",
        f"{np.percentile(after, 99):.3f}", f"{jerk['before']:.0f} / {jerk['after']:.0f} / {jerk['true']:.0f}",
        f"{np.concatenate([part.ravel() for part in missing]).mean():.2%}", f"{1 - np.concatenate(kept).mean():.2%}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def captured(paths: Sequence[Path]) -> Iterator[Keypoints]:
    """The dances of .npz files: positions in pixels with confidence in 0..1."""
    for path in paths:
        with np.load(path) as archive:
            dances = [archive[name].astype(np.float32) for name in archive.files if archive[name].shape[-2:] == (25, 3)]
        yield from (dance for dance in dances if dance[..., 2].max() <= 1)


def detected(paths: Sequence[Path]) -> list[tuple[Keypoints, Keypoints]]:
    """(found, true) keypoints from pairs of tables, in the pixels of the keypoints."""
    pairs = []
    for joints_path, keypoints_path in zip(paths[::2], paths[1::2], strict=True):
        true, found = read_pose_table(joints_path), read_pose_table(keypoints_path)
        scale = np.array([found.size[0] / true.size[0]] * 2 + [1], np.float32)
        frames = min(len(true), len(found))
        pairs.append((found.keypoints[:frames], true.keypoints[:frames] * scale))
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captures", nargs="*", type=Path, default=[], help=".npz files of keypoints")
    parser.add_argument("--detected", nargs="*", type=Path, default=[], help="pairs of true joints and keypoints")
    parser.add_argument("--smoothing", nargs="+", default=["whittaker", "none"], choices=("whittaker", "none"))
    parser.add_argument("--resources", type=Path, default=Path("resources"), help="folder of the mesh")
    arguments = parser.parse_args()
    dances = [*studio_dances(arguments.resources), *captured(arguments.captures)]
    found = detected(arguments.detected)
    print(f"{len(dances)} dances, {sum(map(len, dances)):,} frames")
    for smoothing in arguments.smoothing:
        settings = replace(CleaningSettings(), smoothing=smoothing)
        print(f"\ncleaning.smoothing: {smoothing}\n")
        print("| faults | error before | after | 99 % before | after | jitter before / after / true | joints missing | "
              "frames dropped |")  # fmt: skip
        print("|---" * 8 + "|")
        for name, fault in FAULTS.items():
            rng = np.random.default_rng(0)
            print(row(name, [(fault(dance, rng), dance) for dance in dances], settings), flush=True)
        if found:
            print(row("the detector's own", found, settings))


if __name__ == "__main__":
    main()
