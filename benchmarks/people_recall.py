"""Share of frames in which several dancers are noticed, by their size and number, and false alarms with one dancer.

    python benchmarks/people_recall.py --seconds 6 --sizes 0.2 0.25 0.33 0.5 0.7 --people 1 2 3 4

Studio dancers are cut out of their pictures and placed side by side in an empty room, in a landscape (16:9) and a
portrait (9:16) picture, as high as the given share of it (from floor to crown while they stand). The kept share is that
of cleaning with `several_people: drop`: it should be everything with one dancer and nothing with several.
"""

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danceit_core.assets import fetch_body_mesh, fetch_pose_weights
from danceit_core.config import CleaningSettings, PoseSettings
from danceit_core.media.encode import VideoWriter
from danceit_core.pose.clean import clean_keypoints
from danceit_core.pose.detect import detect_keypoints
from danceit_core.studio.camera import AIM, VIEW, Camera
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.dancer import dress
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import FPS, perform
from danceit_core.studio.renderer import Renderer

CAST = ("dancer_1", "dancer_2", "dancer_3", "dancer_4")
RENDERED, STORE = 448, 512
FORMATS = {"landscape": (512, 288), "portrait": (288, 512)}
# Place of the feet, as a share of the picture's height.
FLOOR = 0.92
# The second dancer is this many frames ahead in the clip, and so on, so that no two move alike.
AHEAD = 17

Pictures = NDArray[np.uint8]


def cut_out(clip: str, *, mesh: Path, seconds: float) -> tuple[Pictures, Pictures]:
    """Pictures (T, side, side, 4) of a studio dancer, RGB and silhouette, and the empty room (side, side, 3)."""
    scene = CLIPS[clip]
    dancer = dress(mesh, scene.look)
    song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=seconds, seed=scene.seed)
    solved, _ = perform(scene, dancer, song, seconds=seconds)
    camera = Camera.for_height(dancer.body.height)
    renderer = Renderer(dancer, scene.room, camera, size=RENDERED, supersampling=1)
    transforms = solved.transforms(dancer.body.skeleton).astype(np.float32)
    pictures = []
    for bones in transforms:
        pictures.append(np.dstack(renderer.draw_with_outline(bones)))
    elsewhere = transforms[0].copy()
    elsewhere[:, 0, 3] += 100
    return np.stack(pictures), renderer.draw(elsewhere)


def paste(canvas: Pictures, figure: Pictures, *, x: float, height_px: float) -> None:
    """Draw a cut-out (side, side, 4) into a picture, `height_px` high, with its feet on the floor at column x."""
    side = round(height_px * VIEW)
    figure = cv2.resize(figure, (side, side), interpolation=cv2.INTER_AREA if side < RENDERED else cv2.INTER_CUBIC)
    left, top = round(x - side / 2), round(FLOOR * canvas.shape[0] - side * (0.5 + AIM / VIEW))
    rows, columns = np.arange(top, top + side), np.arange(left, left + side)
    on_rows, on_columns = (rows >= 0) & (rows < canvas.shape[0]), (columns >= 0) & (columns < canvas.shape[1])
    where = np.ix_(rows[on_rows], columns[on_columns])
    figure = figure[on_rows][:, on_columns].astype(np.float32)
    share = figure[..., 3:] / 255
    canvas[where] = np.round(canvas[where] * (1 - share) + figure[..., :3] * share).astype(np.uint8)


def film(path: Path, cast: list[Pictures], room: Pictures, *, picture: tuple[int, int], size: float) -> None:
    """Write a frame store of dancers side by side, each `size` of the picture's height high."""
    width, height = picture
    side = max(picture)
    room = cv2.resize(room, (side, side), interpolation=cv2.INTER_CUBIC)
    top, left = (side - height) // 2, (side - width) // 2
    room = room[top : top + height, left : left + width]
    with VideoWriter(path, fps=FPS, size=(STORE, STORE), crf=16, gop=12) as writer:
        for frame in range(len(cast[0])):
            canvas = room.copy()
            for number, figures in enumerate(cast):
                x = (number + 0.5) * width / len(cast)
                paste(canvas, figures[(frame + AHEAD * number) % len(figures)], x=x, height_px=size * height)
            store = np.zeros((STORE, STORE, 3), np.uint8)
            y, x0 = (STORE - height) // 2, (STORE - width) // 2
            store[y : y + height, x0 : x0 + width] = canvas
            writer.write(store)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each video")
    parser.add_argument("--sizes", nargs="+", type=float, default=[0.2, 0.25, 0.33, 0.5, 0.7])
    parser.add_argument("--people", nargs="+", type=int, default=[1, 2, 3, 4])
    parser.add_argument("--formats", nargs="+", choices=list(FORMATS), default=list(FORMATS))
    parser.add_argument("--casts", type=int, default=2, help="videos of each kind, each with a different first dancer")
    parser.add_argument("--resources", type=Path, default=Path("resources"), help="folder of weights and mesh")
    arguments = parser.parse_args()
    mesh = fetch_body_mesh(arguments.resources / "body")
    weights = fetch_pose_weights(arguments.resources / "blazepose", model=PoseSettings().model)
    figures, rooms = zip(*(cut_out(clip, mesh=mesh, seconds=arguments.seconds) for clip in CAST), strict=True)
    print("| picture | dancers | " + " | ".join(f"{size:g} of its height" for size in arguments.sizes) + " |")
    print("|---" * (len(arguments.sizes) + 2) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for kind in arguments.formats:
            for people in arguments.people:
                cells = []
                for size in arguments.sizes:
                    several, kept = [], []
                    for first in range(arguments.casts):
                        cast = [figures[(first + number) % len(CAST)] for number in range(people)]
                        path = Path(folder) / "film.mp4"
                        film(path, cast, rooms[(first + 1) % len(CAST)], picture=FORMATS[kind], size=size)
                        found = detect_keypoints(path, settings=PoseSettings(), weights=weights)
                        cleaned = clean_keypoints(
                            found.keypoints, fps=FPS, settings=CleaningSettings(), people=found.people
                        )
                        seen = (found.keypoints[..., 2] > 0).any(axis=1)
                        several.append(np.asarray(found.people)[seen] > 1)
                        kept.append(cleaned.kept)
                    share = np.concatenate(several)
                    noticed = f"{share.mean():.0%}" if len(share) else "-"
                    cells.append(f"{noticed} / {np.concatenate(kept).mean():.0%}")
                print(f"| {kind} | {people} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
