from danceit_core.config import VideoSettings
from danceit_core.media.part import part_of
from danceit_core.pose.imported import import_keypoints
from danceit_core.pose.table import write_pose_table
from danceit_core.run import stage

with stage(snakemake):
    video, params = VideoSettings(**snakemake.params.settings), snakemake.params
    given = {"row": params.row, "tolerant": params.tolerant, "fps": video.fps, "size": video.size}
    given |= {"part": part_of(params.part), "keep_bars": video.keep_bars}
    beside = {"video": "".join(snakemake.input.video), "sound": "".join(snakemake.input.sound)}
    table = import_keypoints(snakemake.input.keypoints, **given, **beside)
    about = {"columns": table.columns, "metadata": table.metadata}
    write_pose_table(snakemake.output[0], table.keypoints, fps=table.fps, size=table.size, **about)
