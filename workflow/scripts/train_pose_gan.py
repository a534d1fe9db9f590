from danceit_core.config import PoseGanSettings
from danceit_core.files import write_history
from danceit_core.imagination.data import read_target
from danceit_core.imagination.train import train_pose_gan
from danceit_core.run import stage

with stage(snakemake) as run:
    gan = PoseGanSettings(**snakemake.params.settings)
    history = train_pose_gan(
        read_target(snakemake.input.frames, snakemake.input.poses, settings=gan),
        settings=gan,
        seed=snakemake.params.seed,
        device=run.device,
        checkpoint_path=snakemake.output.gan,
        samples_path=snakemake.output.samples,
        progress=run.progress,
    )
    write_history(snakemake.output.history, history)
