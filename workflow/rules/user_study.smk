use rule align_poses as align_variant with:
    output:
        "<results>/user_study/{variant}/poses/{target}/{song}.parquet",
    log:
        "<logs>/align_variant/{variant}/{target}/{song}.log",
    benchmark:
        "<benchmarks>/align_variant/{variant}/{target}/{song}.tsv"
    wildcard_constraints:
        variant="none|linear",
    params:
        **shown_as,
        spatial=lambda w: variant_settings(settings, w.variant)["spatial_alignment"],
        temporal=lambda w: variant_settings(settings, w.variant)["temporal_alignment"],
        version=STAGE_VERSIONS["alignment"],


use rule render_video as render_variant with:
    input:
        **lending_frames,
        poses="<results>/user_study/{variant}/poses/{target}/{song}.parquet",
        pose_gan="<results>/gan/{target}/pose_gan.safetensors",
        face_gan="<results>/gan/{target}/face_gan.safetensors" if settings["face_gan"]["enabled"] else [],
        song=song_file,
    output:
        "<results>/user_study/{variant}/videos/{target}/{song}.mp4",
    log:
        "<logs>/render_variant/{variant}/{target}/{song}.log",
    benchmark:
        "<benchmarks>/render_variant/{variant}/{target}/{song}.tsv"
    wildcard_constraints:
        variant="none|linear",


rule prepare_user_study:
    """The same stretches of song in every variant of the alignment, under names that do not tell which (paper V-F)."""
    input:
        videos=study_videos(),
        songs=list(project.songs["path"]),
    output:
        clips=directory("<results>/user_study/clips"),
        study="<results>/user_study/study.json",
    log:
        "<logs>/prepare_user_study.log",
    benchmark:
        "<benchmarks>/prepare_user_study/all.tsv"
    conda:
        "../../environment.yml"
    resources:
        **needs("prepare_user_study", first_song),
    params:
        **stage("user_study"),
        fps=settings["rendering"]["fps"],
        crf=settings["rendering"]["crf"],
        target=first_target,
        songs=list(project.songs.index),
        sounds=[project.excerpt_of(song) for song in project.songs.index],
        seed=config["seed"],
    script:
        "../scripts/prepare_user_study.py"
