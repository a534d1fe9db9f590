rule solve_camera:
    """Find where each frame of a target's video lies on the background plate, in case the camera moves."""
    input:
        frames="<results>/frames/{target}.mp4",
        cleaned="<results>/cleaned/{target}.parquet",
        outline="<results>/outlines/{target}.mkv",
    output:
        "<results>/camera/{target}.parquet",
    log:
        "<logs>/solve_camera/{target}.log",
    benchmark:
        "<benchmarks>/solve_camera/{target}.tsv"
    # Before any training: problems of a video are reported within minutes.
    priority: 5
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("solve_camera", "target"),
    params:
        stabilise=settings["plate"]["stabilise"] and settings["pose_gan"]["background_plate"],
        even_light=settings["plate"]["even_light"] and settings["pose_gan"]["background_plate"],
        version=version_of("plate"),
    script:
        "../scripts/solve_camera.py"


rule build_plate:
    """Build the background plate: one picture of the room without the person, as large as the camera's view."""
    input:
        frames="<results>/frames/{target}.mp4",
        camera="<results>/camera/{target}.parquet",
        outline="<results>/outlines/{target}.mkv",
    output:
        picture=report(
            "<results>/plates/{target}.png",
            category="3. Person",
            labels={"figure": "0. background plate", "dancer": "{target}"},
            caption="../report/plate.rst",
        ),
        figures="<results>/plates/{target}.json",
    log:
        "<logs>/build_plate/{target}.log",
    benchmark:
        "<benchmarks>/build_plate/{target}.tsv"
    # Before the training where both could start: problems of a video are reported within minutes.
    priority: 8
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("build_plate", "target"),
    params:
        version=version_of("plate"),
    script:
        "../scripts/build_plate.py"


rule check_target:
    """Check the target's video before training and report problems; only an impossible figure stops the run."""
    input:
        frames="<results>/frames/{target}.mp4",
        cleaned="<results>/camera/{target}.parquet",
        raw="<results>/keypoints/{target}.parquet",
        plate="<results>/plates/{target}.png",
        room="<results>/plates/{target}.json",
        dances=collect("<results>/cleaned/{video}.parquet", video=project.videos.index),
        paintable="<results>/paintable/{target}.parquet",
    output:
        figures="<results>/gan/{target}/check.json",
        page=report(
            "<results>/gan/{target}/check.png",
            category="3. Person",
            labels={"figure": "1. check of the video", "dancer": "{target}"},
            caption="../report/target.rst",
        ),
    log:
        "<logs>/check_target/{target}.log",
    # Before the training where both could start: the video can still be filmed again.
    priority: 10
    conda:
        "../../environment.yml"
    resources:
        **needs("check_target", "dances"),
    params:
        image_size=settings["pose_gan"]["image_size"],
        version=version_of("pose_gan"),
    script:
        "../scripts/check_target.py"
