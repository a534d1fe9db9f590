rule solve_camera:
    """Where each frame of a target's video lies on the room behind the person, if the camera moves."""
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
    # Before any training: what is wrong with a video is known in minutes.
    priority: 5
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("outline_person", "target"),
    params:
        stabilise=settings["plate"]["stabilise"] and settings["pose_gan"]["background_plate"],
        even_light=settings["plate"]["even_light"] and settings["pose_gan"]["background_plate"],
        version=version_of("plate"),
    script:
        "../scripts/solve_camera.py"
