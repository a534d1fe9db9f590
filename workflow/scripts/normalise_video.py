from danceit_core.config import VideoSettings
from danceit_core.media.part import part_of
from danceit_core.media.source import ingest_video, write_report
from danceit_core.run import stage

with stage(snakemake):
    video, params = VideoSettings(**snakemake.params.settings), snakemake.params
    how = {"settings": video, "rotate": params.rotate, "tolerant": params.tolerant}
    how |= {"long_side": params.long_side, "square": params.square, "part": part_of(params.part)}
    report = ingest_video(snakemake.input[0], snakemake.output.frames, **how)
    write_report(snakemake.output.report, report)
