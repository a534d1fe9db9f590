rule measure_paintable:
    """Measure how far each pose of the dances is from the poses in a target's video: the cost of painting it."""
    input:
        **database_files,
        target="<results>/camera/{target}.parquet",
    output:
        "<results>/paintable/{target}.parquet",
    log:
        "<logs>/measure_paintable/{target}.log",
    # Before the trainings, which would otherwise delay the draft.
    priority: 6
    conda:
        "../../environment.yml"
    resources:
        **needs("measure_paintable", "dances"),
    params:
        version=version_of("retrieval"),
    script:
        "../scripts/measure_paintable.py"


rule retrieve_fragments:
    """Choose which fragment is danced to which part of the song (paper Eq. 2)."""
    input:
        **database_files,
        music="<results>/music/{song}.parquet",
        fragments=fragments_table,
        matcher=f"{matcher_folder}/matcher.pt",
        index=index_about,
        paintable=costs_of_targets,
        # Not read, but it stops a strict run. It is no input of the trainings, which a new dance would then restart,
        # and not `ancient()`, behind which Snakemake 9 overlooks a rule's own reason to run.
        statistics=rules.describe_dances.output.table if project.strict else [],
    output:
        "<results>/choreography/{song}.first.parquet",
    log:
        "<logs>/retrieve_fragments/{song}.log",
    benchmark:
        "<benchmarks>/retrieve_fragments/{song}.tsv"
    conda:
        "../../environment.yml"
    resources:
        **needs("retrieve_fragments", "dances"),
    params:
        **stage("retrieval"),
        beat_kind=settings["temporal_alignment"]["beat_kind"],
        style=lambda w: project.style_of(w.song),
        styles=dict(project.videos["style"]),
    script:
        "../scripts/retrieve_fragments.py"


rule edit_plan:
    """Apply the table of edits to the plan of a song; parts without an edit stay unchanged."""
    input:
        plan="<results>/choreography/{song}.first.parquet",
        music="<results>/music/{song}.parquet",
        dances=lambda w: list(database_files.values()) if edits_of(w) else [],
        fragments=lambda w: fragments_table if edits_of(w) else [],
        matcher=lambda w: f"{matcher_folder}/matcher.pt" if edits_of(w) else [],
        index=lambda w: index_about if edits_of(w) else [],
        paintable=lambda w: costs_of_targets(w) if edits_of(w) else [],
    output:
        "<results>/choreography/{song}.parquet",
    log:
        "<logs>/edit_plan/{song}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("edit_plan", "dances"),
    params:
        **stage("retrieval"),
        beat_kind=settings["temporal_alignment"]["beat_kind"],
        edits=edits_of,
        style=lambda w: project.style_of(w.song) if edits_of(w) else "",
        styles=lambda w: dict(project.videos["style"]) if edits_of(w) else {},
    script:
        "../scripts/edit_plan.py"


# The settings of the finished video that its dance depends on.
shown_as = {key: settings["rendering"][key] for key in ("fps", "camera")}


rule align_poses:
    """Align the dance: size and place of the target, smooth seams, motion beats on music beats (paper IV-C)."""
    input:
        **database_files,
        plan="<results>/choreography/{song}.parquet",
        music="<results>/music/{song}.parquet",
        target="<results>/camera/{target}.parquet",
    output:
        "<results>/poses/{target}/{song}.parquet",
    log:
        "<logs>/align_poses/{target}/{song}.log",
    benchmark:
        "<benchmarks>/align_poses/{target}/{song}.tsv"
    conda:
        "../../environment.yml"
    resources:
        **needs("align_poses"),
    params:
        **shown_as,
        spatial=settings["spatial_alignment"],
        temporal=settings["temporal_alignment"],
        version=version_of("alignment"),
    script:
        "../scripts/align_poses.py"


rule preview_poses:
    """Render a skeleton preview of the dance with the song and both kinds of beats, within seconds."""
    input:
        poses="<results>/poses/{target}/{song}.parquet",
        music="<results>/music/{song}.parquet",
        song=song_file,
    output:
        "<results>/preview/{target}/{song}.mp4",
    log:
        "<logs>/preview_poses/{target}/{song}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("preview_poses", "song"),
    params:
        size=settings["video"]["size"],
        beat_kind=settings["temporal_alignment"]["beat_kind"],
        version=version_of("rendering"),
        sound=song_sound,
    script:
        "../scripts/preview_poses.py"
