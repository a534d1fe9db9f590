from danceit_core.imagination.camera.solve import lay_on_plate, try_camera
from danceit_core.imagination.plate.exposure import measure_exposure
from danceit_core.pose.table import read_pose_table, write_pose_table
from danceit_core.run import stage

with stage(snakemake) as run:
    given, params = snakemake.input, snakemake.params
    table = read_pose_table(given.cleaned)
    about = {"name": snakemake.wildcards.target, "progress": run.progress}
    camera = try_camera(given.frames, given.outline, table, **about) if params.stabilise else None
    moves = None if camera is None else camera.from_corners
    exposure = measure_exposure(given.frames, given.outline, table, moves) if params.even_light else None
    laid = lay_on_plate(table, camera, exposure=exposure)
    about = {"fps": laid.fps, "size": laid.size, "columns": laid.columns, "metadata": laid.metadata}
    write_pose_table(snakemake.output[0], laid.keypoints, **about)
