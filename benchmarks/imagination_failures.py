"""What a painter makes of poses that its person's video never shows: a sheet to look at, and one line a case.

    python benchmarks/imagination_failures.py --results results --target performer --sheet failures.jpg

Reads what `snakemake -- results/videos/TARGET/SONG.mp4` leaves. Rows of the sheet: the pose asked for, what is painted.
Cases: a pose near to one of the video; the dance's farthest from all of them; upside down; half the body outside the
picture; without arms; only the legs; nobody. No case may give an error, a black picture or a broken room: the share of
pixels far from the person that differ from the empty room by more than two grey levels is printed.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from danceit_core.imagination.check.measure import nearest_poses, sample_moves
from danceit_core.imagination.networks.checkpoint import load_face_gan, load_pose_gan
from danceit_core.imagination.rendering.draft import TargetFiles, lending_for
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.imagination.target.region import person_region
from danceit_core.media.picture import write_picture
from danceit_core.pose.draw import contact_sheet, pose_picture
from danceit_core.pose.passages import kept_frames
from danceit_core.pose.plate import on_plate
from danceit_core.pose.skeleton import Keypoints
from danceit_core.pose.table import PoseTable, read_pose_table

ARMS, LEGS = (3, 4, 6, 7), (8, 9, 10, 11, 12, 13, 14, 19, 20, 21, 22, 23, 24)


FILES = ("frames/{}.mp4", "camera/{}.parquet", "plates/{}.png", "outlines/{}.mkv")


def hard_cases(dance: PoseTable, target: PoseTable) -> dict[str, Keypoints]:
    """A (25, 3) pose for each case of the module's list, in pixels of the plate."""
    far = np.nan_to_num(nearest_poses(sample_moves(dance)[0], sample_moves(target)[0]))
    poses = on_plate(dance)[kept_frames(dance)]
    known, strange = poses[far.argmin()], poses[far.argmax()]
    width, height = target.size

    def moved(pose: Keypoints, by: tuple[float, float]) -> Keypoints:
        return np.where(pose[:, 2:] > 0, pose + np.array((*by, 0)), 0).astype(np.float32)

    def only(joints: tuple[int, ...]) -> Keypoints:
        return np.where(np.isin(np.arange(25), joints)[:, None], known, 0).astype(np.float32)

    middle = known[known[:, 2] > 0, :2].mean(0)
    upside_down = known.copy()
    upside_down[:, :2] = np.where(known[:, 2:] > 0, 2 * middle - known[:, :2], 0)
    return {
        "near to the video": known,
        "farthest from the video": strange,
        "upside down": upside_down,
        "half outside, sideways": moved(known, (width - middle[0], 0)),
        "half outside, below": moved(known, (0, height - middle[1])),
        "without arms": only(tuple(k for k in range(25) if k not in ARMS)),
        "only legs": only(LEGS),
        "nobody": np.zeros_like(known),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--target", required=True)
    parser.add_argument("--song", help="whose dance is looked through; left out: the first found")
    parser.add_argument("--sheet", type=Path, default=Path("failures.jpg"))
    given = parser.parse_args()
    cpu, networks = torch.device("cpu"), given.results / "gan" / given.target
    folder = given.results / "poses" / given.target
    dance = read_pose_table(folder / f"{given.song}.parquet" if given.song else sorted(folder.glob("*.parquet"))[0])
    target = read_pose_table(given.results / "camera" / f"{given.target}.parquet")
    gan = load_pose_gan(networks / "pose_gan.safetensors", device=cpu)
    face_path = networks / "face_gan.safetensors"
    face = load_face_gan(face_path, device=cpu) if face_path.exists() else None
    files = [given.results / name.format(given.target) for name in FILES]
    size, drawn, painted = gan.view.size, [], []
    for name, pose in hard_cases(dance, target).items():
        lending = lending_for(gan, TargetFiles(*files), pose[None], fps=dance.fps)
        options = {"face_gan": face, "lending": lending, "batch_size": 1, "device": cpu}
        (picture,) = render_dance(pose[None], pose_gan=gan, **options)
        drawn.append(pose_picture(pose, size=size))
        painted.append(picture)
        line = f"{name:24} brightness {picture.mean():.0f}"
        if gan.plate is not None:
            far_off = ~person_region(pose, size=size, body_px=gan.body_px, widen=2.5)
            changed = np.abs(picture.astype(int) - gan.plate).max(-1) > 2
            line += f", room changed {100 * changed[far_off].mean():.1f} %"
        print(line)
    write_picture(given.sheet, contact_sheet(drawn + painted, columns=len(drawn), width=256 * len(drawn)))


if __name__ == "__main__":
    main()
