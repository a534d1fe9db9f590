from danceit_core.config import CleaningSettings
from danceit_core.pose.clean import clean_table
from danceit_core.pose.table import read_pose_table, write_pose_table
from danceit_core.run import stage

with stage(snakemake):
    clean = clean_table(
        read_pose_table(snakemake.input[0]),
        settings=CleaningSettings(**snakemake.params.settings),
        name=snakemake.wildcards.video,
        tolerant=snakemake.params.tolerant,
    )
    about = {"fps": clean.fps, "size": clean.size, "columns": clean.columns, "metadata": clean.metadata}
    write_pose_table(snakemake.output[0], clean.keypoints, **about)
