from pathlib import Path

import numpy as np

from danceit_core.config import EvaluationSettings
from danceit_core.evaluation.summary import remarks, score_video, write_scores
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    given = snakemake.input
    music, poses = read_music_table(given.music), read_pose_table(given.poses)
    detected = read_pose_table(given.detected)
    scores = score_video(
        poses,
        detected,
        read_pose_table(given.target),
        music=music,
        settings=EvaluationSettings(**snakemake.params.settings),
        rng=np.random.default_rng(snakemake.params.seed),
    )
    if given.faces:
        from danceit_core.evaluation.identity import FaceJudge, identity_scores  # loads torch

        judge = FaceJudge(Path(given.face_points).parent, Path(given.faces).parent)
        shown = judge.describe_video(given.video, detected)
        scores["identity"] = identity_scores(shown, judge.describe_video(given.frames, read_pose_table(given.own)))
    write_scores(snakemake.output[0], scores | {"remarks": remarks(poses, music)})
