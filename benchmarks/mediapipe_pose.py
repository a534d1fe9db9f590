"""One process of `keypoints_vs_mediapipe.py`: run MediaPipe's pose solution over decoded pictures, and time it.

It runs with the Python of a separate environment, in which mediapipe 0.10.21 is installed and this project is not.
"""

import json
import sys
import time

import mediapipe as mp
import numpy as np


def main() -> None:
    """Usage: mediapipe_pose.py PICTURES.npy POINTS.npy; waits for a line on stdin before it starts."""
    pictures = np.load(sys.argv[1])
    pose = mp.solutions.pose.Pose(static_image_mode=False, model_complexity=1, smooth_landmarks=True)
    height, width = pictures.shape[1:3]
    points = np.zeros((len(pictures), 33, 3))
    print("ready", flush=True)
    sys.stdin.readline()
    start_s = time.perf_counter()
    for index, picture in enumerate(pictures):
        found = pose.process(picture).pose_landmarks
        if found is not None:
            points[index] = [(p.x * width, p.y * height, p.visibility) for p in found.landmark]
    seconds = time.perf_counter() - start_s
    np.save(sys.argv[2], points)
    print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
