rule normalise_video:
    """Convert a video to the frame store: one frame rate, fast to seek, with a report on its source."""
    input:
        lambda w: clips.at[w.video, "path"],
    output:
        frames="<results>/frames/{video}.mp4",
        report="<results>/frames/{video}.json",
    log:
        "<logs>/normalise_video/{video}.log",
    benchmark:
        "<benchmarks>/normalise_video/{video}.tsv"
    # Before any training: problems of a video are reported within minutes.
    priority: 5
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        **needs("normalise_video", "video"),
    params:
        **stage("video"),
        long_side=longest_side,
        square=is_square,
        rotate=lambda w: int(clips.at[w.video, "rotate"] or 0),
        part=lambda w: project.part_of(w.video),
        tolerant=is_dance,
    script:
        "../scripts/normalise_video.py"


rule analyse_song:
    """Compute audio features per frame, beats, bars and sections of a song."""
    input:
        sound=song_file,
        beats=lambda w: project.songs.at[w.song, "beats"] or [],
        networks=beat_networks,
    output:
        table="<results>/music/{song}.parquet",
        beats="<results>/music/{song}.beats",
        sections="<results>/music/{song}.sections",
    log:
        "<logs>/analyse_song/{song}.log",
    benchmark:
        "<benchmarks>/analyse_song/{song}.tsv"
    # First of all: an unusable song must be reported before hours of training.
    priority: 10
    conda:
        "../../environment.yml"
    resources:
        **needs("analyse_song", "song"),
    params:
        **stage("music"),
        fps=settings["video"]["fps"],
        fragment_s=settings["retrieval"]["fragment_s"],
        sound=song_sound,
        hint=lambda w: project.hint_of(w.song),
    script:
        "../scripts/analyse_song.py"


rule analyse_dance:
    """Compute audio features and beats of a dance video's sound; without sound, the dance's poses are still used."""
    input:
        sound=lambda w: project.sound_of(w.dance) or [],
        networks=beat_networks,
    output:
        table="<results>/music/{dance}.parquet",
        beats="<results>/music/{dance}.beats",
    log:
        "<logs>/analyse_dance/{dance}.log",
    benchmark:
        "<benchmarks>/analyse_dance/{dance}.tsv"
    # Before any training: problems of a video are reported within minutes.
    priority: 5
    conda:
        "../../environment.yml"
    resources:
        **needs("analyse_dance", "dance"),
    params:
        **stage("music"),
        fps=settings["video"]["fps"],
        audio_track=lambda w: project.audio_track(w.dance),
        part=lambda w: project.part_of(w.dance, ("start_s", "end_s")),
    script:
        "../scripts/analyse_dance.py"
