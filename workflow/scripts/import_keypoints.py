from danceit_core.config import VideoSettings
from danceit_core.pose.detect import check_person
from danceit_core.pose.imported import fit_to_frame_store
from danceit_core.pose.openpose import read_given_keypoints
from danceit_core.pose.table import write_pose_table
from danceit_core.run import stage

with stage(snakemake):
    video = VideoSettings(**snakemake.params.settings)
    given = read_given_keypoints(snakemake.input[0])
    keypoints = fit_to_frame_store(given, row=snakemake.params.row, fps=video.fps, size=video.size)
    check_person(keypoints, snakemake.input[0])
    write_pose_table(snakemake.output[0], keypoints, fps=video.fps, size=(video.size, video.size))
