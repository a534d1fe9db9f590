"""Inputs of the painter's benchmarks from a target's video, made by the same steps as in the workflow.

The folder has the layout of `results/`: frame store, keypoints, outlines, cleaned table, table on the plate, plate. An
existing file is not made again; delete the folder when the code that makes it has changed.
"""

from collections.abc import Callable
from pathlib import Path

from danceit_core.config import CleaningSettings, PoseSettings, RenderingSettings, VideoSettings
from danceit_core.imagination.camera.solve import lay_on_plate, try_camera
from danceit_core.imagination.plate.build import build_plate, write_plate
from danceit_core.imagination.plate.exposure import measure_exposure
from danceit_core.media.source import ingest_video, read_report, write_report
from danceit_core.pose.clean import clean_table
from danceit_core.pose.outline_video import extract_with_outline
from danceit_core.pose.table import PoseTable, read_pose_table, write_pose_table


def prepare_target(video: Path, folder: Path, *, name: str, weights: Path) -> None:
    """Make `folder/{frames,keypoints,outlines,cleaned,camera,plates}/NAME.*` from a video, with the default settings.

    weights: folder of BlazePose's networks. Raises DanceItError if the video cannot be used as a target.
    """
    frames, outline, plate = (folder / "frames" / f"{name}.mp4", folder / "outlines" / f"{name}.mkv",
                              folder / "plates" / f"{name}.png")  # fmt: skip
    raw, clean, laid = (folder / kind / f"{name}.parquet" for kind in ("keypoints", "cleaned", "camera"))
    for path in (frames, outline, plate, raw, clean, laid):
        path.parent.mkdir(parents=True, exist_ok=True)

    def ingest() -> None:
        long_side = RenderingSettings().long_side
        report = ingest_video(video, frames, settings=VideoSettings(), long_side=long_side, tolerant=False)
        write_report(frames.with_suffix(".json"), report)

    def detect() -> None:
        report = read_report(frames.with_suffix(".json"))
        found = extract_with_outline(frames, outline, report=report, settings=PoseSettings(), weights=weights)
        write(found, raw)

    def lay() -> None:
        table = read_pose_table(clean)
        camera = try_camera(frames, outline, table, name=name)
        moves = None if camera is None else camera.from_corners
        write(lay_on_plate(table, camera, exposure=measure_exposure(frames, outline, table, moves)), laid)

    def tidy() -> None:
        write(clean_table(read_pose_table(raw), settings=CleaningSettings(), name=name, tolerant=False), clean)

    def empty_room() -> None:
        write_plate(plate, plate.with_suffix(".json"), build_plate(frames, outline, read_pose_table(laid)))

    steps: list[tuple[Path, Callable[[], None]]] = [
        (frames.with_suffix(".json"), ingest), (raw, detect), (clean, tidy), (laid, lay), (plate, empty_room),
    ]  # fmt: skip
    for made, step in steps:
        if not made.is_file():
            step()


def write(table: PoseTable, path: Path) -> None:
    """Write a table of keypoints with all its columns and metadata."""
    about = {"columns": table.columns, "metadata": table.metadata}
    write_pose_table(path, table.keypoints, fps=table.fps, size=table.size, **about)
