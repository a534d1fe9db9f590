"""A person painted in given poses by a poseGAN (and FaceGAN) that was trained on her.

    python examples/paint_poses.py results/poses/performer/new_song.parquet painted.mp4 \
        results/gan/performer/pose_gan.safetensors results/gan/performer/face_gan.safetensors
"""

import sys

import torch

from danceit_core.imagination.networks.checkpoint import load_face_gan, load_pose_gan
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.media.video import VideoWriter
from danceit_core.pose.plate import corners, on_plate
from danceit_core.pose.table import read_pose_table


def main(poses_path: str, out: str, pose_gan_path: str, face_gan_path: str | None = None) -> None:
    dance, device = read_pose_table(poses_path), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    networks = {
        "pose_gan": load_pose_gan(pose_gan_path, device=device),
        "face_gan": load_face_gan(face_gan_path, device=device) if face_gan_path else None,
    }
    place = {"size": dance.size, "corners": corners(dance)}
    with VideoWriter(out, fps=dance.fps, size=dance.size, crf=17) as writer:
        for picture in render_dance(on_plate(dance), **networks, **place, batch_size=4, device=device):
            writer.write(picture)
    print(f"{out}: {writer.frames} frames of {dance.size[0]} x {dance.size[1]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
