rule build_database:
    """Windows of one length over all dances, with their sound's features (paper III-A)."""
    input:
        cleaned=collect("<results>/cleaned/{video}.parquet", video=project.videos.index),
        music=collect("<results>/music/{video}.parquet", video=project.videos.index),
    output:
        "<results>/database/{seconds}s.parquet",
    log:
        "<logs>/build_database/{seconds}s.log",
    benchmark:
        "<benchmarks>/build_database/{seconds}s.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,
    params:
        **stage("fragments"),
        videos=list(project.videos.index),
    script:
        "../scripts/build_database.py"


rule describe_dances:
    """Tempo of each music and turns of each dance (paper Fig. 5), hours and share of dropped frames."""
    input:
        cleaned=collect("<results>/cleaned/{video}.parquet", video=project.videos.index),
        music=collect("<results>/music/{video}.parquet", video=project.videos.index),
    output:
        table="<results>/database/statistics.tsv",
        figure=report("<results>/database/statistics.png", category="Dataset", caption="../report/statistics.rst"),
    log:
        "<logs>/describe_dances.log",
    conda:
        "../../environment.yml"
    params:
        version=STAGE_VERSIONS["fragments"],
        videos=list(project.videos.index),
    script:
        "../scripts/describe_dances.py"
