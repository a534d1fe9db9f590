from danceit_core.choreography.preview import preview_frames
from danceit_core.media.video import VideoWriter
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake):
    poses, music = read_pose_table(snakemake.input.poses), read_music_table(snakemake.input.music)
    song, size = snakemake.input.song, snakemake.params.size
    with VideoWriter(snakemake.output[0], fps=poses.fps, size=(size, size), crf=20, sound=song) as writer:
        for frame in preview_frames(poses, music, size=size):
            writer.write(frame)
