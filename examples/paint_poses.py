"""A person painted in given poses by a poseGAN (and FaceGAN) that was trained on her.

    python examples/paint_poses.py results/poses/performer/new_song.parquet painted.mp4 \
        results/gan/performer/pose_gan.safetensors results/gan/performer/face_gan.safetensors
"""

import sys

import torch

from danceit_core.imagination.networks.checkpoint import load_face_gan, load_pose_gan
from danceit_core.imagination.rendering.render import render_dance
from danceit_core.media.video import VideoWriter
from danceit_core.pose.table import read_pose_table


def main(poses_path: str, out: str, pose_gan_path: str, face_gan_path: str | None = None) -> None:
    poses, device = read_pose_table(poses_path), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pose_gan = load_pose_gan(pose_gan_path, device=device)
    face_gan = load_face_gan(face_gan_path, device=device) if face_gan_path else None
    size = poses.size[0]
    pictures = render_dance(
        poses.keypoints, pose_gan=pose_gan, face_gan=face_gan, size=size, batch_size=4, device=device
    )
    with VideoWriter(out, fps=poses.fps, size=(size, size), crf=17) as writer:
        for picture in pictures:
            writer.write(picture)
    print(f"{out}: {writer.frames} frames of {size} x {size}")


if __name__ == "__main__":
    main(*sys.argv[1:])
