"""Speed and agreement of our BlazePose and MediaPipe's runtime, on the same pictures in the same run.

    python benchmarks/keypoints_vs_mediapipe.py VIDEO... --folder FOLDER

An environment with mediapipe 0.10.21 is made once in FOLDER. Each clip is decoded once (24 frames per second, 512 x
512); then both process the pictures in separate processes, in turn, `--repeats` times: MediaPipe's pose solution
(complexity 1, smoothed, video mode; one thread, its default) and ours (model full, people counted), as one process and
as two at the same time. Times exclude start and loading. Medians are printed.
"""

import argparse
import hashlib
import itertools
import json
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danceit_core.assets import fetch_pose_weights
from danceit_core.config import PoseSettings
from danceit_core.media.video import decode_frames
from danceit_core.pose import blazepose, landmarks, lookout
from danceit_core.pose.blazepose_people import PeopleDetector
from danceit_core.pose.estimate import estimate_pictures
from danceit_core.pose.skeleton import BODY, Keypoints, present, torso_length

FPS, SIZE = 24.0, 512
REQUIREMENT = "mediapipe==0.10.21"
SETTINGS = PoseSettings()


def make_environment(folder: Path) -> Path:
    """Make an environment with MediaPipe and return its Python."""
    python = folder / "mediapipe" / "bin" / "python"
    if not python.is_file():
        venv.create(folder / "mediapipe", with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", REQUIREMENT], check=True)
    return python


def run_ours(pictures_path: str, points_path: str, weights: str, threads: int) -> None:
    """One process of ours; it waits for a line on stdin before it starts."""
    pictures = np.load(pictures_path)
    estimator = blazepose.BlazePose(
        Path(weights),
        fps=FPS,
        confidence_floor=SETTINGS.confidence_floor,
        model=SETTINGS.model,
        threads=threads,
    )
    print("ready", flush=True)
    sys.stdin.readline()
    start_s = time.perf_counter()
    found = estimate_pictures(pictures, estimator, fps=FPS).keypoints
    seconds = time.perf_counter() - start_s
    np.save(points_path, found)
    detector = PeopleDetector(Path(weights), threads=threads)
    start_s = time.perf_counter()
    for picture in pictures[:20]:
        detector.find(picture)
    count_s = (time.perf_counter() - start_s) / len(pictures[:20])
    print(json.dumps({"seconds": seconds, "count_s": count_s}), flush=True)


def measure(commands: Sequence[Sequence[str]]) -> list[dict[str, float]]:
    """The output of each command; all start at the same time, once all are ready."""
    processes = [
        subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for command in commands
    ]
    results = []
    for process in processes:
        if process.stdout is None or process.stdout.readline().strip() != "ready":
            raise SystemExit(f"{' '.join(map(str, process.args))} did not start")
    for process in processes:
        if process.stdin is not None:
            process.stdin.write("\n")
            process.stdin.flush()
    for process in processes:
        output, _ = process.communicate()
        results.append(json.loads(output.splitlines()[-1]))
    return results


def difference(ours: Keypoints, points: np.ndarray) -> float:
    """Mean distance of the body joints that both have, in torso lengths."""
    theirs = np.stack(
        [landmarks.to_body25(frame[:, :2], frame[:, 2], confidence_floor=SETTINGS.confidence_floor) for frame in points]
    )
    body = list(BODY)
    both = present(ours)[:, body] & present(theirs)[:, body]
    apart = np.linalg.norm(ours[:, body, :2] - theirs[:, body, :2], axis=-1) / torso_length(ours)[:, None]
    return float(apart[both].mean())


def compare(video: Path, *, folder: Path, python: Path, weights: Path, arguments: argparse.Namespace) -> str:
    """A row of the table."""
    frames = round(arguments.seconds * FPS)
    pictures = np.stack(list(itertools.islice(decode_frames(video, fps=FPS, size=(SIZE, SIZE)), frames)))
    path = folder / "pictures.npy"
    np.save(path, pictures)
    their_points, our_points = folder / "theirs.npy", [folder / f"ours_{number}.npy" for number in range(2)]
    theirs = [str(python), str(Path(__file__).with_name("mediapipe_pose.py")), str(path), str(their_points)]
    ours = [
        [sys.executable, __file__, "--run", str(path), str(points), str(weights), str(arguments.threads)]
        for points in our_points
    ]
    rates: dict[str, list[float]] = {"theirs": [], "one": [], "two": []}
    counts, sums = [], set()
    for _ in range(arguments.repeats):
        rates["theirs"].append(len(pictures) / measure([theirs])[0]["seconds"])
        single = measure(ours[:1])[0]
        rates["one"].append(len(pictures) / single["seconds"])
        counts.append(single["count_s"] * lookout.LOOKS_PER_S / FPS / (single["seconds"] / len(pictures)))
        rates["two"].append(2 * len(pictures) / max(result["seconds"] for result in measure(ours)))
        sums |= {hashlib.sha256(points.read_bytes()).hexdigest() for points in our_points}
    their, one, two = (float(np.median(rates[name])) for name in ("theirs", "one", "two"))
    apart = difference(np.load(our_points[0]), np.load(their_points))
    cells = (
        video.stem, len(pictures), f"{their:.1f}", f"{one:.1f}", f"{one / their:.2f}", f"{two:.1f}",
        f"{two / their:.2f}", f"{two / one:.2f}", f"{apart:.2%}", "yes" if len(sums) == 1 else "NO",
        f"{np.median(counts):.1%}",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--folder", type=Path, required=True, help="folder of the environment and the decoded pictures")
    parser.add_argument("--seconds", type=float, default=20.0, help="length used of each video")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=blazepose.THREADS, help="threads of each process of ours")
    parser.add_argument("--resources", type=Path, default=Path("resources"), help="folder of the weights")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    python = make_environment(arguments.folder)
    weights = fetch_pose_weights(arguments.resources / "blazepose", model=SETTINGS.model)
    columns = (
        "clip", "frames", "MediaPipe fps", "ours fps", "ratio", "ours x 2 fps", "to MediaPipe", "to one of ours",
        "apart (torso)", "same bytes", "counting",
    )  # fmt: skip
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|")
    for video in arguments.videos:
        print(compare(video, folder=arguments.folder, python=python, weights=weights, arguments=arguments), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run_ours(*sys.argv[2:5], int(sys.argv[5]))
    else:
        main()
