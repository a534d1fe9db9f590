from danceit_core.config import FaceGanSettings
from danceit_core.files import write_history
from danceit_core.imagination.networks.checkpoint import load_pose_gan
from danceit_core.imagination.target.data import read_target
from danceit_core.imagination.training.face_training import train_face_gan
from danceit_core.run import stage

with stage(snakemake) as run:
    given = snakemake.input
    pose_gan = load_pose_gan(given.gan, device=run.device)
    history = train_face_gan(
        read_target(
            given.frames, given.poses, given.plate or None, settings=pose_gan.settings, outlines=given.outlines or None
        ),
        pose_gan=pose_gan,
        settings=FaceGanSettings(**snakemake.params.settings),
        seed=snakemake.params.seed,
        device=run.device,
        checkpoint_path=snakemake.output.gan,
        samples_path=snakemake.output.samples,
        progress=run.progress,
    )
    write_history(snakemake.output.history, history)
