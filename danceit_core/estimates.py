"""Estimates of each rule's memory and running time from the size of its input, as a cluster's queue requires them.

The estimates err on the safe side; a job that still needs more is submitted again with more of both. Requests are 1.5
to 2 times the measured memory and about 4 times the measured time. Measured with
`python benchmarks/rule_memory.py --minutes 1 60` (joints, sound, one video), `python benchmarks/database_memory.py`
(rules that read all dances), benchmarks/ingest_memory.py, and the files in `results/benchmarks` that the rules write
(column `max_rss`). All of this was measured on CPUs: the additional memory of CUDA's libraries, CUDA_MB, is a guess.

Sizes are those of the user's files, which are known before anything is computed: MB of video or sound. A video is
assumed to have 2 Mbit/s (1 MB: 4 s, 96 frames), a song 128 kbit/s (1 MB: 60 s). A file that is compressed less is
shorter than assumed (so no file counts for more than LARGEST_MB). For one that is compressed more, there is the safety
factor, and then the next attempt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Beyond this (100 minutes) a file has more pixels rather than a longer duration.
LARGEST_MB = 1500.0
# Host memory that CUDA's libraries take in a process that computes on a GPU.
CUDA_MB = 1500.0


@dataclass(frozen=True)
class Estimate:
    """What a rule needs for an input of size 0, and how much more for each MB of its input.

    mb_per_longest_mb: memory per MB of the largest file, for rules that read the dances one after the other.
    """

    base_mb: float
    base_min: float
    mb_per_mb: float = 0.0
    min_per_mb: float = 0.0
    mb_per_longest_mb: float = 0.0

    def memory_mb(self, input_mb: float, *, attempt: int, longest_mb: float = 0.0) -> int:
        """MB for the attempt-th try (1, 2, ...), for files of input_mb in total, the largest of longest_mb."""
        needed_mb = self.base_mb + self.mb_per_mb * input_mb + self.mb_per_longest_mb * longest_mb
        return round(needed_mb * attempt)

    def runtime_min(self, input_mb: float, *, attempt: int) -> int:
        """Minutes for the attempt-th try."""
        return round((self.base_min + self.min_per_mb * input_mb) * attempt)


def make_estimates(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Estimate]:
    """One estimate per rule, for the settings of a project (section -> key -> value)."""
    matcher, pose_gan, face_gan = settings["matcher"], settings["pose_gan"], settings["face_gan"]
    # Pictures grow with the square of their side: 0.07 s per picture of 256 x 256 on two cores (docs/imagination.md).
    picture = (pose_gan["image_size"] / 256) ** 2
    painted_s = 0.28 * picture * pose_gan["iterations"] * pose_gan["batch_size"]
    faces_s = 0.1 * face_gan["iterations"] * face_gan["batch_size"]
    # 25 s per epoch for 100 minutes, 1,500 MB, on 2 cores (benchmarks/database_memory.py).
    training = Estimate(1400 + CUDA_MB, 30, mb_per_mb=0.007, min_per_mb=0.001 * matcher["epochs"])
    # In a group each dancer adds rows to the table and time for the network; four dancers are a guess.
    dancers = 4 if settings["cleaning"]["several_people"] == "each" else 1
    # Output at full size grows with the area of the finished picture, about 0.6 of the square of its longer side.
    rendering = settings["rendering"]
    megapixels = 0.6e-6 * (pose_gan["picture_size"] or rendering["long_side"]) ** 2
    rate = rendering["fps"] / 24
    render = Estimate(1000 + 2000 * picture + 300 * megapixels, 30, min_per_mb=(3 + 2 * megapixels) * rate)
    return {
        "render_demo": Estimate(1500, 30),
        "synthesise_song": Estimate(1000, 15),
        # Frames are streamed: memory does not grow with the length.
        "normalise_video": Estimate(1000, 10, min_per_mb=0.1),
        "extract_keypoints": Estimate(1200, 10, mb_per_mb=0.4 * dancers, min_per_mb=0.25 * dancers),
        # Includes the mirror image, the outline and writing it.
        "extract_target": Estimate(1200 + 50 * megapixels, 10, mb_per_mb=0.4, min_per_mb=0.3 + 0.2 * megapixels),
        "outline_person": Estimate(1200, 10, mb_per_mb=0.4, min_per_mb=0.25),
        "draw_outline": Estimate(1000, 10, min_per_mb=0.05),
        "import_keypoints": Estimate(1000, 10, mb_per_mb=20, min_per_mb=0.1),
        "clean_keypoints": Estimate(600, 10, mb_per_mb=1.6 * dancers, min_per_mb=0.03 * dancers),
        "draw_cleaning": Estimate(1000, 10, mb_per_mb=2.5 * dancers, min_per_mb=0.03),
        "draw_thumbnails": Estimate(400, 15, min_per_mb=0.005, mb_per_longest_mb=dancers),
        "analyse_song": Estimate(1500, 10, mb_per_mb=100, min_per_mb=0.5),
        "analyse_dance": Estimate(900, 10, mb_per_mb=5.0, min_per_mb=0.05),
        "measure_dance": Estimate(270, 10, mb_per_mb=0.5 * dancers, min_per_mb=0.01 * dancers),
        # One video is in memory at a time, so the longest one counts.
        "gather_frames": Estimate(280, 15, min_per_mb=0.002 * dancers, mb_per_longest_mb=0.5 * dancers),
        "cut_fragments": Estimate(250, 15, mb_per_mb=0.015 * dancers, min_per_mb=0.002 * dancers),
        "cut_counts": Estimate(250, 15, mb_per_mb=0.015 * dancers, min_per_mb=0.002 * dancers),
        "join_fragments": Estimate(250, 15, mb_per_mb=0.03 * dancers, min_per_mb=0.002),
        "describe_dances": Estimate(330, 15, min_per_mb=0.005, mb_per_longest_mb=dancers),
        "train_matcher": training,
        "score_setting": training,
        "sweep_matcher": Estimate(1000, 10),
        # All frames and fragments are memory-mapped; embeddings and rows of the tables are held.
        "index_fragments": Estimate(700 + CUDA_MB, 15, mb_per_mb=0.005, min_per_mb=0.005),
        "measure_paintable": Estimate(350, 15, mb_per_mb=0.01, min_per_mb=0.005),
        "retrieve_fragments": Estimate(650, 15, mb_per_mb=0.015, min_per_mb=0.005),
        "edit_plan": Estimate(650, 15, mb_per_mb=0.03, min_per_mb=0.005),
        "align_poses": Estimate(2000, 15),
        # Where the camera moves, features are detected in each frame.
        "solve_camera": Estimate(1500 + 200 * megapixels, 15, min_per_mb=0.3),
        "build_plate": Estimate(2000 + 1000 * megapixels, 15, min_per_mb=0.1),
        "check_target": Estimate(2000 + 300 * megapixels, 15, mb_per_mb=0.1, min_per_mb=0.005),
        # The network's windows of the frames are held in memory up to 1 GB, and memory-mapped beyond that.
        "train_pose_gan": Estimate(3000 + 2000 * picture + 300 * megapixels, 60 + painted_s / 60),
        "train_face_gan": Estimate(3000 + 2000 * picture + 300 * megapixels, 60 + faces_s / 60),
        "render_video": render,
        "render_group": render,
        "preview_video": Estimate(render.base_mb, 15),
        "preview_poses": Estimate(1000, 10, min_per_mb=1.0),
        "control_video": Estimate(1500 + 100 * megapixels, 15, min_per_mb=megapixels * rate),
        "compare_video": Estimate(1500, 15, min_per_mb=1.0),
        "detect_result": Estimate(1000, 15, min_per_mb=2.0),
        "evaluate": Estimate(1000, 10, mb_per_mb=5.0, min_per_mb=0.2),
        "draw_dance": Estimate(1500, 10, mb_per_mb=20.0, min_per_mb=0.1),
        "evaluate_choreography": Estimate(6000, 240, mb_per_mb=0.5, min_per_mb=0.05),
        "prepare_user_study": Estimate(1500, 15, min_per_mb=1.0),
        "page": Estimate(1000, 10),
    }
