"""Keypoints by the OpenPose program that the user has installed (its licence does not allow redistribution).

The program writes one JSON file per frame; `openpose` reads the files, follows one person and counts the others. No
part of OpenPose is included in this project; the command line is that of OpenPose 1.7.
"""

import subprocess
import tempfile
import time
from pathlib import Path

from danceit_core.config import PoseSettings
from danceit_core.errors import ConfigError, PoseError
from danceit_core.media.video import probe
from danceit_core.pose.estimate import Detection, Progress
from danceit_core.pose.openpose import read_json_folder

# Enough to notice other people; each person costs time.
MAX_PEOPLE = 4
POLL_S = 0.2


def detect_with_openpose(
    frames_path: str | Path, *, settings: PoseSettings, weights: Path, progress: Progress | None = None
) -> Detection:
    """Keypoints and number of persons of every frame by the program `settings.openpose`; `weights` is not used.

    Joints below `settings.confidence_floor` are absent. Raises ConfigError if the program is not there, PoseError if
    it fails or does not write one file per frame.
    """
    binary = Path(settings.openpose).expanduser().absolute()
    if not settings.openpose or not binary.is_file():
        raise ConfigError(
            f"pose.openpose is {settings.openpose!r}: no such program; give the path of OpenPose's binary"
        )
    info = probe(frames_path)
    frames = max(1, round(info.duration_s * info.fps))
    with tempfile.TemporaryDirectory() as folder:
        json_folder = Path(folder, "json")
        json_folder.mkdir()
        command = [
            str(binary), "--video", str(Path(frames_path).absolute()), "--write_json", str(json_folder),
            "--display", "0", "--render_pose", "0", "--model_pose", "BODY_25", "--number_people_max", str(MAX_PEOPLE),
        ]  # fmt: skip
        _run(command, home=_home(binary), json_folder=json_folder, frames=frames, progress=progress)
        found = len(list(json_folder.glob("*.json")))
        if found != frames:
            raise PoseError(
                f"{frames_path}: {binary} wrote {found} files for {frames} frames; run it on that file by hand and "
                "check its output"
            )
        detection = read_json_folder(json_folder)
    detection.keypoints[detection.keypoints[..., 2] < settings.confidence_floor] = 0
    return detection


def _home(binary: Path) -> Path:
    """The folder in which OpenPose has to run: where it finds `models`, else its own folder."""
    return next((folder for folder in binary.parents if (folder / "models").is_dir()), binary.parent)


def _run(command: list[str], *, home: Path, json_folder: Path, frames: int, progress: Progress | None) -> None:
    """Run the program to its end, counting its files. Raises ConfigError if it cannot start, PoseError if it fails."""
    with tempfile.TemporaryFile() as messages:
        try:
            process = subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL, stderr=messages)
        except OSError as error:
            raise ConfigError(
                f"pose.openpose: {command[0]} cannot be run ({error.strerror}); is it executable?"
            ) from error
        try:
            while process.poll() is None:
                if progress is not None:
                    progress(min(frames - 1, len(list(json_folder.iterdir()))), frames)
                time.sleep(POLL_S)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            messages.seek(0)
            lines = [line.strip() for line in messages.read().decode(errors="replace").splitlines() if line.strip()]
            reason = lines[-1] if lines else "it says nothing"
            raise PoseError(
                f"{command[0]} ended with status {process.returncode}: {reason}; run it by hand to find the cause"
            )
    if progress is not None:
        progress(frames, frames)
