rule check_target:
    """Whether the target's video serves, said before the training: length, size, views, poses, blur; stops nothing."""
    input:
        frames="<results>/frames/{target}.mp4",
        cleaned="<results>/cleaned/{target}.parquet",
        raw="<results>/keypoints/{target}.parquet",
        dances=collect("<results>/cleaned/{video}.parquet", video=project.videos.index),
    output:
        figures="<results>/gan/{target}/check.json",
        page=report("<results>/gan/{target}/check.png", category="Imagination", caption="../report/target.rst"),
    log:
        "<logs>/check_target/{target}.log",
    # Before the training: what it says is worth knowing while the video can still be filmed again.
    priority: 10
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
    params:
        picture_size=settings["pose_gan"]["picture_size"],
        version=STAGE_VERSIONS["pose_gan"],
    script:
        "../scripts/check_target.py"


rule train_pose_gan:
    """poseGAN: from a drawn skeleton to the target person (paper IV-D)."""
    input:
        frames="<results>/frames/{target}.mp4",
        poses="<results>/cleaned/{target}.parquet",
        perceptual=settings["pose_gan"]["perceptual_weights"] or [],
        # Looked at before hours of training; its findings change nothing.
        check=ancient("<results>/gan/{target}/check.json"),
    output:
        gan="<results>/gan/{target}/pose_gan.safetensors",
        history="<results>/gan/{target}/pose_gan.jsonl",
        samples=report("<results>/gan/{target}/samples.png", category="Imagination", caption="../report/samples.rst"),
        curves=report("<results>/gan/{target}/curves.png", category="Imagination", caption="../report/gan_curves.rst"),
    log:
        "<logs>/train_pose_gan/{target}.log",
    benchmark:
        "<benchmarks>/train_pose_gan/{target}.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=5000,
    params:
        **stage("pose_gan"),
        seed=config["seed"],
    script:
        "../scripts/train_pose_gan.py"


rule train_face_gan:
    """FaceGAN: what the face lacks, added on a patch round the nose (paper IV-D)."""
    input:
        frames="<results>/frames/{target}.mp4",
        poses="<results>/cleaned/{target}.parquet",
        gan="<results>/gan/{target}/pose_gan.safetensors",
    output:
        gan="<results>/gan/{target}/face_gan.safetensors",
        history="<results>/gan/{target}/face_gan.jsonl",
        samples=report("<results>/gan/{target}/face_samples.png", category="Imagination", caption="../report/faces.rst"),
    log:
        "<logs>/train_face_gan/{target}.log",
    benchmark:
        "<benchmarks>/train_face_gan/{target}.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=5000,
    params:
        **stage("face_gan"),
        seed=config["seed"],
    script:
        "../scripts/train_face_gan.py"


rule render_video:
    """The target person dancing to the song."""
    input:
        poses="<results>/poses/{target}/{song}.parquet",
        pose_gan="<results>/gan/{target}/pose_gan.safetensors",
        face_gan="<results>/gan/{target}/face_gan.safetensors" if settings["face_gan"]["enabled"] else [],
        song=lambda w: project.songs.at[w.song, "path"],
    output:
        report(
            "<results>/videos/{target}/{song}.mp4",
            category="Videos",
            labels={"dancer": "{target}", "song": "{song}"},
            caption="../report/video.rst",
        ),
    log:
        "<logs>/render_video/{target}/{song}.log",
    benchmark:
        "<benchmarks>/render_video/{target}/{song}.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=3000,
    params:
        **stage("rendering"),
    script:
        "../scripts/render_video.py"


rule link_video:
    """results/video.mp4 is the first song of the songs table danced by the first target of the targets table."""
    input:
        f"<results>/videos/{first_target}/{first_song}.mp4",
    output:
        "<results>/video.mp4",
    log:
        "<logs>/link_video.log",
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "ln -sfr {input:q} {output:q} > {log:q} 2>&1"
