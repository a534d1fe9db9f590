"""Paint a person in given poses with a poseGAN (and FaceGAN) that was trained on them.

python examples/paint_poses.py results performer new_song painted.mp4
"""

import sys
from pathlib import Path

import torch

from danceit_core.imagination.networks.checkpoint import load_face_gan, load_pose_gan
from danceit_core.imagination.rendering.draft import TargetFiles, lending_for
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.media.video import VideoWriter
from danceit_core.pose.plate import corners, on_plate
from danceit_core.pose.table import read_pose_table


def main(results: str, person: str, song: str, out: str) -> None:
    made, device = Path(results), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dance = read_pose_table(made / "poses" / person / f"{song}.parquet")
    pose_gan = load_pose_gan(made / "gan" / person / "pose_gan.safetensors", device=device)
    face_path = made / "gan" / person / "face_gan.safetensors"
    face_gan = load_face_gan(face_path, device=device) if face_path.exists() else None
    names = (f"frames/{person}.mp4", f"camera/{person}.parquet", f"plates/{person}.png", f"outlines/{person}.mkv")
    # The frames of the video that lend the person's own pixels.
    poses, files = on_plate(dance), TargetFiles(*(made / name for name in names))
    lending = lending_for(pose_gan, files, poses, fps=dance.fps)
    place = {"size": dance.size, "corners": corners(dance), "lending": lending}
    pictures = render_dance(poses, pose_gan=pose_gan, face_gan=face_gan, **place, batch_size=4, device=device)
    with VideoWriter(out, fps=dance.fps, size=dance.size, crf=17) as writer:
        for picture in pictures:
            writer.write(picture)
    print(f"{out}: {writer.frames} frames of {dance.size[0]} x {dance.size[1]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
