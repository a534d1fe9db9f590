from danceit_core.evaluation.comparison import compare_frames, panel_sizes
from danceit_core.media.sound_source import source_of
from danceit_core.media.video import VideoWriter, probe
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake) as run:
    given, poses = snakemake.input, read_pose_table(snakemake.input.poses)
    by_video = dict(zip(snakemake.params.videos, given.frames, strict=True))
    stores = {video: by_video[video] for video in set(poses.columns["source_video"])}
    panels = panel_sizes(poses.size, [(store.width, store.height) for store in map(probe, stores.values())])
    pictures = compare_frames(poses, stores, given.painted, panels=panels)
    look = {"fps": poses.fps, "size": (panels[0][0] + 2 * panels[1][0], panels[1][1]), "crf": 20}
    song = source_of(given.song, snakemake.params.sound)
    with VideoWriter(snakemake.output[0], **look, sound=song) as writer:
        for frame, picture in enumerate(pictures, start=1):
            writer.write(picture)
            run.progress(frame, len(poses))
