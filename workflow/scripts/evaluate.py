import numpy as np

from danceit_core.choreography.plan import read_plan
from danceit_core.config import EvaluationSettings
from danceit_core.evaluation.summary import remarks, score_video, write_scores
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    music, poses = read_music_table(snakemake.input.music), read_pose_table(snakemake.input.poses)
    scores = score_video(
        poses,
        read_pose_table(snakemake.input.detected),
        read_pose_table(snakemake.input.target),
        music=music,
        settings=EvaluationSettings(**snakemake.params.settings),
        rng=np.random.default_rng(snakemake.params.seed),
    )
    scores |= read_plan(snakemake.input.plan).about
    write_scores(snakemake.output[0], scores | {"remarks": remarks(poses, music)})
