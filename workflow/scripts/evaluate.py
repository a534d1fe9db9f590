import numpy as np

from danceit_core.choreography.plan import read_plan
from danceit_core.config import EvaluationSettings
from danceit_core.evaluation.flicker import find_switches, measure_steps, switch_scores
from danceit_core.evaluation.form_lines import describe_form
from danceit_core.evaluation.summary import remarks, score_video, write_scores
from danceit_core.imagination.recall.provenance import read_person
from danceit_core.media.video import each_frame
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    given, seed = snakemake.input, snakemake.params.seed
    music, poses = read_music_table(given.music), read_pose_table(given.poses)
    scores = score_video(
        poses,
        read_pose_table(given.detected),
        read_pose_table(given.target),
        music=music,
        settings=EvaluationSettings(**snakemake.params.settings),
        rng=np.random.default_rng(seed),
    )
    origins = read_person(given.pixels, snakemake.wildcards.target)
    if origins.recalled:
        steps = measure_steps(each_frame(given.video, range(len(poses))), poses.keypoints)
        scores["switches"] = switch_scores(find_switches(steps, origins), rng=np.random.default_rng(seed))
    plan = read_plan(given.plan)
    seams_s = np.array(poses.metadata["seams"]) / poses.fps
    scores |= plan.about | {"form": describe_form(plan, music, seams_s=seams_s)}
    write_scores(snakemake.output[0], scores | {"remarks": remarks(poses, music)})
