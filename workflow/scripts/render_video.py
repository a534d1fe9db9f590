from itertools import islice

from danceit_core.config import RenderingSettings
from danceit_core.imagination.networks.checkpoint import load_face_gan, load_pose_gan
from danceit_core.imagination.recall.provenance import Origins, write_origins
from danceit_core.imagination.rendering.draft import TargetFiles, lending_for
from danceit_core.imagination.rendering.render import render_dance
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
    poses, rendering = read_pose_table(snakemake.input.poses), RenderingSettings(**snakemake.params.settings)
    pose_gan = load_pose_gan(snakemake.input.pose_gan, device=run.device)
    face_path, crf = snakemake.input.get("face_gan"), rendering.crf
    face_gan = load_face_gan(face_path, device=run.device) if face_path else None
    given = snakemake.input
    dance, files = on_plate(poses), TargetFiles(given.frames, given.target, given.plate or None, given.outlines)
    if given.target:
        dance = as_far_as_shown(dance, read_pose_table(given.target).keypoints)
    lending = lending_for(pose_gan, files, dance, fps=poses.fps)
    options = {"lending": lending, "size": poses.size, "corners": corners(poses)}
    options |= {"batch_size": rendering.batch_size, "device": run.device}
    pictures = render_dance(dance, pose_gan=pose_gan, face_gan=face_gan, **options)
    seconds = snakemake.params.get("seconds", len(poses) / poses.fps)
    frames = min(max(1, round(seconds * poses.fps)), len(poses))
    song = source_of(given.song, snakemake.params.sound)
    tags = describe_video([snakemake.wildcards.target], snakemake.wildcards.song)
    writing = VideoWriter(snakemake.output[0], fps=poses.fps, size=poses.size, crf=crf, metadata=tags, sound=song)
    with writing as writer, made_ahead(islice(pictures, frames), most=16) as painted:
        for frame, picture in enumerate(painted, start=1):
            writer.write(picture)
            run.progress(frame, frames)
    if table := snakemake.output.get("pixels"):
        start_s = read_report(given.report).start_s if given.report else 0.0
        origins = Origins.lent(lending, dance, fps=poses.fps, start_s=start_s)
        write_origins(table, {snakemake.wildcards.target: origins})
