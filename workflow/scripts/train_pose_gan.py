from pathlib import Path

from danceit_core.imagination.training.distributed import spawn
from danceit_core.imagination.training.train import train_from_files
from danceit_core.run import stage

with stage(snakemake) as run:
    given, made, params = snakemake.input, snakemake.output, snakemake.params
    arguments = {"frames": given.frames, "poses": given.poses, "settings": params.settings, "seed": params.seed}
    arguments |= {"plate": given.plate or None, "outlines": given.outlines or None}
    arguments |= {"checkpoint_path": made.gan, "samples_path": made.samples}
    arguments |= {"history_path": made.history, "curves_path": made.curves, "pose_weights": params.pose_weights}
    arguments |= {"learned_weights": str(Path(given.learned).parent) if given.learned else ""}
    # Each process paints at least one sample of the batch, so more cards than samples would be idle.
    devices = run.devices(most=params.settings["batch_size"])
    if len(devices) > 1:
        what = "danceit_core.imagination.training.train:train_from_files"
        cards = [device.index for device in devices]
        spawn(what, arguments, number=len(cards), cards=cards, progress=run.progress)
    else:
        train_from_files(**arguments, device=devices[0], progress=run.progress)
