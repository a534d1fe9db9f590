from danceit_core.config import PoseGanSettings, RenderingSettings
from danceit_core.imagination.recall.provenance import Origins, write_origins
from danceit_core.imagination.rendering.draft import TargetFiles, draft_dance, draft_lending
from danceit_core.media.ahead import made_ahead
from danceit_core.media.provenance import describe_video
from danceit_core.media.sound_source import source_of
from danceit_core.media.source import read_report
from danceit_core.media.video import VideoWriter
from danceit_core.pose.front import as_far_as_shown
from danceit_core.pose.plate import corners, on_plate
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake) as run:
    given, params = snakemake.input, snakemake.params
    poses, rendering = read_pose_table(given.poses), RenderingSettings(**params.settings)
    target = TargetFiles(given.frames, given.target, given.plate, given.outlines).read(PoseGanSettings())
    dance = as_far_as_shown(on_plate(poses), target.keypoints)
    lending = draft_lending(target, dance, fps=poses.fps)
    options = {"size": poses.size, "corners": corners(poses), "device": run.device}
    pictures = draft_dance(dance, lending, **options)
    look = {"fps": poses.fps, "size": poses.size, "crf": rendering.crf}
    tags = describe_video([snakemake.wildcards.target], snakemake.wildcards.song)
    song = source_of(given.song, params.sound)
    writing = VideoWriter(snakemake.output[0], **look, sound=song, metadata=tags)
    with writing as writer, made_ahead(pictures, most=16) as drawn:
        for frame, picture in enumerate(drawn, start=1):
            writer.write(picture)
            run.progress(frame, len(poses))
    origins = Origins.lent(lending, dance, fps=poses.fps, start_s=read_report(given.report).start_s)
    write_origins(snakemake.output.pixels, {snakemake.wildcards.target: origins})
