from danceit_core.config import VideoSettings
from danceit_core.media.video import normalise_video
from danceit_core.run import stage

with stage(snakemake):
    video = VideoSettings(**snakemake.params.settings)
    size = (video.size, video.size)
    normalise_video(snakemake.input[0], snakemake.output[0], fps=video.fps, size=size, crf=video.crf)
