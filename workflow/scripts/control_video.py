import numpy as np

from danceit_core.imagination.target.film import film_of
from danceit_core.imagination.target.own_girths import own_girths
from danceit_core.imagination.target.reference import find_reference
from danceit_core.media.excerpt import write_excerpt
from danceit_core.media.picture import read_picture, write_picture
from danceit_core.media.provenance import describe_video
from danceit_core.media.sound_source import source_of
from danceit_core.media.video import VideoWriter
from danceit_core.pose.control import control_picture
from danceit_core.pose.silhouette import silhouette, steady_size
from danceit_core.pose.table import read_pose_table
from danceit_core.run import stage

# Thin coloured limbs on black need few bits; at this quality other programs decode them without artefacts.
CRF = 10

with stage(snakemake) as run:
    inputs, output = snakemake.input, snakemake.output
    song = source_of(inputs.song, snakemake.params.sound)
    dance, target = read_pose_table(inputs.poses), read_pose_table(inputs.target)
    plate = read_picture(inputs.plate) if inputs.plate else None
    reference = find_reference(target, dance, film_of(inputs.frames, target, plate=plate))
    write_picture(output.reference, reference.picture)
    write_picture(output.reference_pose, control_picture(reference.keypoints, size=dance.size))
    girths = own_girths(target, inputs.outline)
    write_excerpt(output.sound, song, frames=len(dance), fps=dance.fps)
    tags = describe_video([snakemake.wildcards.target], snakemake.wildcards.song)
    look = {"fps": dance.fps, "size": dance.size, "crf": CRF, "metadata": tags}
    sizes = steady_size(dance.keypoints, fps=dance.fps)
    with (
        VideoWriter(output.skeleton, **look, sound=song) as skeletons,
        VideoWriter(output.outline, **look) as outlines,
    ):
        for frame, (keypoints, body_px) in enumerate(zip(dance.keypoints, sizes, strict=True), start=1):
            skeletons.write(control_picture(keypoints, size=dance.size))
            mask = silhouette(keypoints, size=dance.size, body_px=float(body_px), girths=girths)
            outlines.write(np.repeat(mask[..., None], 3, axis=2))
            run.progress(frame, len(dance))
