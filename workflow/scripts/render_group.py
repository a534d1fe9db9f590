from danceit_core.config import GroupSettings
from danceit_core.imagination.recall.library import Lending
from danceit_core.imagination.recall.provenance import Origins, write_origins
from danceit_core.imagination.rendering.draft import TargetFiles
from danceit_core.imagination.rendering.group import gather, mirror, render_group
from danceit_core.media.ahead import made_ahead
from danceit_core.media.provenance import describe_video
from danceit_core.media.sound_source import source_of
from danceit_core.media.source import read_report
from danceit_core.media.video import VideoWriter
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

with stage(snakemake) as run:
    given, params = snakemake.input, snakemake.params
    group, first = GroupSettings(**params.settings), read_pose_table(given.poses[0])
    networks = (given.pose_gans, given.face_gans)
    files = zip(given.frames, given.targets, given.plates, given.outlines, strict=True)
    lending = [TargetFiles(*each) for each in files]
    dancers = gather(params.members, given.poses, given.targets, *networks, lending=lending, device=run.device)
    options = {"batch_size": params.batch_size, "device": run.device}
    pictures = render_group(dancers, spacing=group.spacing, mirrored=group.mirrored, fps=first.fps, **options)
    look = {"fps": first.fps, "size": first.size, "crf": params.crf}
    tags = describe_video(params.members, snakemake.wildcards.song)
    song = source_of(given.song, params.sound)
    writing = VideoWriter(snakemake.output[0], **look, sound=song, metadata=tags)
    with writing as writer, made_ahead(pictures, most=16) as painted:
        for frame, picture in enumerate(painted, start=1):
            writer.write(picture)
            run.progress(frame, len(first))
    persons = {}
    for number, (dancer, report) in enumerate(zip(dancers, given.reports, strict=True)):
        dance = mirror(dancer).poses if group.mirrored and number % 2 else dancer.poses
        lending = Lending.of(dancer.shelf, dance, fps=first.fps) if dancer.shelf else None
        origins = Origins.lent(lending, dance, fps=first.fps, start_s=read_report(report).start_s)
        persons[dancer.name] = origins.part(slice(frame))
    write_origins(snakemake.output.pixels, persons)
