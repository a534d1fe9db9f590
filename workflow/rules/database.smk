rule cut_fragments:
    """One dance's part of the database: its windows of one length with their sound's features (paper III-A)."""
    input:
        cleaned="<results>/cleaned/{dance}.parquet",
        music="<results>/music/{dance}.parquet",
    output:
        "<results>/database/{seconds}s/{dance}.parquet",
    log:
        "<logs>/cut_fragments/{seconds}s/{dance}.log",
    benchmark:
        "<benchmarks>/cut_fragments/{seconds}s/{dance}.tsv"
    conda:
        "../../environment.yml"
    resources:
        **needs("cut_fragments", "dance"),
    params:
        **stage("fragments"),
    script:
        "../scripts/cut_fragments.py"


rule describe_dances:
    """Tempo of each music and turns of each dance (paper Fig. 5), hours, dropped frames, dances left out."""
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
        strict=project.strict,
    script:
        "../scripts/describe_dances.py"
