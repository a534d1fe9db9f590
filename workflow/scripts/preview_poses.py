from danceit_core.choreography.preview import picture_size, preview_frames
from danceit_core.media.sound_source import source_of
from danceit_core.media.video import VideoWriter
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

PEAKS_PER_S = 200

with stage(snakemake):
    poses, music = read_pose_table(snakemake.input.poses), read_music_table(snakemake.input.music)
    params = snakemake.params
    song = source_of(snakemake.input.song, params.sound)
    peaks = song.peaks(per_s=PEAKS_PER_S)
    shown = preview_frames(poses, music, peaks, size=params.size, peaks_per_s=PEAKS_PER_S, kind=params.beat_kind)
    look = {"fps": poses.fps, "size": picture_size(poses.size, size=params.size), "crf": 20}
    with VideoWriter(snakemake.output[0], **look, sound=song) as writer:
        for frame in shown:
            writer.write(frame)
