from danceit_core.evaluation.comparison import SIZE, compare_frames
from danceit_core.media.video import VideoWriter
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake) as run:
    given, poses = snakemake.input, read_pose_table(snakemake.input.poses)
    stores = dict(zip(snakemake.params.videos, given.frames, strict=True))
    pictures = compare_frames(poses, stores, given.painted, size=SIZE)
    look = {"fps": poses.fps, "size": (3 * SIZE, SIZE), "crf": 20}
    sound = {"sound": given.song, "sound_track": snakemake.params.audio_track}
    with VideoWriter(snakemake.output[0], **look, **sound) as writer:
        for frame, picture in enumerate(pictures, start=1):
            writer.write(picture)
            run.progress(frame, len(poses))
