rule measure_dance:
    """Measure one dance for the database: passages, movement, sizes, and the group of its song."""
    input:
        cleaned="<results>/cleaned/{dance}.parquet",
        music="<results>/music/{dance}.parquet",
    output:
        "<results>/dances/{dance}.parquet",
    log:
        "<logs>/measure_dance/{dance}.log",
    benchmark:
        "<benchmarks>/measure_dance/{dance}.tsv"
    conda:
        "../../environment.yml"
    resources:
        **needs("measure_dance", "dance"),
    params:
        version=version_of("fragments"),
        group=lambda w: project.groups.get(w.dance, ""),
    script:
        "../scripts/measure_dance.py"


rule gather_frames:
    """Gather the frames of all dances, each once, for fragments of every length, the matcher and the choreography."""
    input:
        cleaned=collect("<results>/cleaned/{video}.parquet", video=project.videos.index),
        music=collect("<results>/music/{video}.parquet", video=project.videos.index),
        measured=collect("<results>/dances/{video}.parquet", video=project.videos.index),
    output:
        **database_files,
    log:
        "<logs>/gather_frames.log",
    benchmark:
        "<benchmarks>/gather_frames.tsv"
    conda:
        "../../environment.yml"
    resources:
        **needs("gather_frames", "dances"),
    params:
        version=version_of("fragments"),
        videos=list(project.videos.index),
        test_share=settings["fragments"]["test_share"],
    script:
        "../scripts/gather_frames.py"


rule cut_fragments:
    """Cut fragments of one length in seconds, stored as ranges of the frames of all dances (paper III-A)."""
    input:
        **database_files,
    output:
        "<results>/database/{seconds}s.parquet",
    log:
        "<logs>/cut_fragments/{seconds}s.log",
    benchmark:
        "<benchmarks>/cut_fragments/{seconds}s.tsv"
    conda:
        "../../environment.yml"
    resources:
        **needs("cut_fragments", "dances"),
    params:
        version=version_of("fragments"),
        settings={key: settings["fragments"][key] for key in ("hop_s", "test_share")},
    script:
        "../scripts/cut_fragments.py"


rule cut_counts:
    """Cut fragments of half a bar, one and two bars of each dance's music, stored as ranges of all dances' frames."""
    input:
        **database_files,
    output:
        "<results>/database/beats.parquet",
    log:
        "<logs>/cut_counts.log",
    benchmark:
        "<benchmarks>/cut_counts.tsv"
    conda:
        "../../environment.yml"
    resources:
        **needs("cut_counts", "dances"),
    params:
        version=version_of("fragments"),
        settings={"test_share": settings["fragments"]["test_share"]},
    script:
        "../scripts/cut_counts.py"


rule join_fragments:
    """Join the tables of fragments that the settings need into one table for inspection."""
    input:
        ["<results>/database/beats.parquet"] if in_counts else [],
        collect("<results>/database/{seconds}s.parquet", seconds=fragment_lengths),
    output:
        "<results>/database/fragments.parquet",
    log:
        "<logs>/join_fragments.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("join_fragments", "dances"),
    params:
        version=version_of("fragments"),
    script:
        "../scripts/join_fragments.py"


rule describe_dances:
    """Summarise the dances: tempo, turns (paper Fig. 5), hours, dropped frames, dances left out."""
    input:
        cleaned=collect("<results>/cleaned/{video}.parquet", video=project.videos.index),
        music=collect("<results>/music/{video}.parquet", video=project.videos.index),
    output:
        table="<results>/database/statistics.tsv",
        figure=report(
            "<results>/database/statistics.png",
            category="5. Dances",
            labels={"what": "kept, tempo, turns", "video": "all"},
            caption="../report/statistics.rst",
        ),
    log:
        "<logs>/describe_dances.log",
    # Before the training of the matcher: with `strict`, a dance that cannot be used is an error.
    priority: 10
    conda:
        "../../environment.yml"
    resources:
        **needs("describe_dances", "dances"),
    params:
        version=version_of("fragments"),
        videos=list(project.videos.index),
        groups=project.groups,
        strict=project.strict,
    script:
        "../scripts/describe_dances.py"
