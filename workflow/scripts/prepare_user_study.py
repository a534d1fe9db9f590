from danceit_core.config import UserStudySettings
from danceit_core.media.sound_source import source_of
from danceit_core.run import stage
from danceit_core.user_study.clips import cut_clips, dance_frames
from danceit_core.user_study.stretches import draw_stretches
from danceit_core.user_study.study import write_study

with stage(snakemake) as run:
    params, given, made = snakemake.params, snakemake.input, snakemake.output
    settings, songs, videos = UserStudySettings(**params.settings), params.songs, list(given.videos)
    # The files of one variant after those of another, each in the order of the songs.
    rows = [videos[at : at + len(songs)] for at in range(0, len(videos), len(songs))]
    by_variant = {name: dict(zip(songs, row, strict=True)) for name, row in zip(settings.variants, rows, strict=True)}
    frames = dance_frames(by_variant, fps=params.fps)
    stretches = draw_stretches(frames, fps=params.fps, settings=settings, seed=params.seed)
    sounds = dict(zip(songs, map(source_of, given.songs, params.sounds), strict=True))
    about = {"person": params.target, "fps": params.fps}
    about |= {"crf": params.crf, "seed": params.seed, "progress": run.progress}
    clips = cut_clips(made.clips, stretches, by_variant, sounds, **about)
    write_study(made.study, clips, stretches, fps=params.fps, pairs=settings.pairs)
