rule normalise_video:
    """Any video at one frame rate and one size, quick to seek: the frame store."""
    input:
        lambda w: clips.at[w.video, "path"],
    output:
        "<results>/frames/{video}.mp4",
    log:
        "<logs>/normalise_video/{video}.log",
    benchmark:
        "<benchmarks>/normalise_video/{video}.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        mem_mb=1000,
    params:
        **stage("video"),
    script:
        "../scripts/normalise_video.py"


rule analyse_music:
    """Audio features of each frame, beats and tempo of a song or of a dance video's sound."""
    input:
        lambda w: project.source(w.track),
    output:
        "<results>/music/{track}.parquet",
    log:
        "<logs>/analyse_music/{track}.log",
    benchmark:
        "<benchmarks>/analyse_music/{track}.tsv"
    conda:
        "../../environment.yml"
    # First of all: a song that cannot serve must be known before hours of training.
    priority: 10
    resources:
        mem_mb=2000,
    params:
        **stage("music"),
        fps=settings["video"]["fps"],
        # A song must be danced to and have at least one fragment; a video without sound still lends its poses.
        min_duration_s=lambda w: settings["retrieval"]["fragment_s"] if w.track in project.songs.index else 0.0,
    script:
        "../scripts/analyse_music.py"
