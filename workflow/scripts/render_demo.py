from danceit_core.config import DemoSettings
from danceit_core.run import stage
from danceit_core.studio.record import record_dance

with stage(snakemake) as run:
    record_dance(
        snakemake.wildcards.clip,
        mesh=snakemake.input.mesh,
        video_path=snakemake.output.video,
        joints_path=snakemake.output.joints,
        settings=DemoSettings(**snakemake.params.settings),
        progress=run.progress,
    )
