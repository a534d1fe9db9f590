rule train_pose_gan:
    """poseGAN: from a drawn skeleton to the target person (paper IV-D)."""
    input:
        frames="<results>/frames/{target}.mp4",
        poses="<results>/cleaned/{target}.parquet",
    output:
        gan="<results>/gan/{target}/pose_gan.pt",
        history="<results>/gan/{target}/pose_gan.jsonl",
        samples=report("<results>/gan/{target}/samples.png", category="Imagination", caption="../report/samples.rst"),
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
        gan="<results>/gan/{target}/pose_gan.pt",
    output:
        gan="<results>/gan/{target}/face_gan.pt",
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
        pose_gan="<results>/gan/{target}/pose_gan.pt",
        face_gan="<results>/gan/{target}/face_gan.pt" if settings["face_gan"]["enabled"] else [],
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
