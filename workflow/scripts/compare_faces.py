from pathlib import Path

from danceit_core.evaluation.identity import FaceJudge, identity_scores
from danceit_core.evaluation.summary import write_scores
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    given = snakemake.input
    judge = FaceJudge(Path(given.points).parent, Path(given.network[0]).parent)
    shown = judge.describe_video(given.video, read_pose_table(given.detected))
    own = judge.describe_video(given.frames, read_pose_table(given.own))
    write_scores(snakemake.output[0], identity_scores(shown, own))
