rule detect_result:
    """Joints found again in the finished video, by the same pose network."""
    input:
        frames="<results>/videos/{target}/{song}.mp4",
        networks=pose_networks,
    output:
        "<results>/evaluation/{target}/{song}.keypoints.parquet",
    log:
        "<logs>/detect_result/{target}/{song}.log",
    conda:
        "../../environment.yml"
    resources:
        gpu=int(settings["pose"]["detector"] == "openpose"),
        mem_mb=1000,
    params:
        **stage("pose"),
        weights=lambda w, input: weights_folder(input),
    script:
        "../scripts/detect_result.py"


rule evaluate:
    """Beat alignment with chance beside it, motion, re-detected joints (paper V)."""
    input:
        poses="<results>/poses/{target}/{song}.parquet",
        detected="<results>/evaluation/{target}/{song}.keypoints.parquet",
        music="<results>/music/{song}.parquet",
        video="<results>/videos/{target}/{song}.mp4",
    output:
        "<results>/evaluation/{target}/{song}.json",
    log:
        "<logs>/evaluate/{target}/{song}.log",
    conda:
        "../../environment.yml"
    params:
        **stage("evaluation"),
        seed=config["seed"],
    script:
        "../scripts/evaluate.py"


rule draw_contact_sheet:
    """Pictures of a video at even distances."""
    input:
        "<results>/{folder}/{name}.mp4",
    output:
        report("<results>/contact_sheets/{folder}/{name}.jpg", category="Contact sheets"),
    log:
        "<logs>/draw_contact_sheet/{folder}/{name}.log",
    wildcard_constraints:
        folder="frames|videos",
        name=r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)?",
    conda:
        "../../environment.yml"
    params:
        version=STAGE_VERSIONS["evaluation"],
    script:
        "../scripts/draw_contact_sheet.py"


rule summarise:
    """One page of what came out: where the video is, how good it is, how long each stage took."""
    input:
        scores=f"<results>/evaluation/{first_target}/{first_song}.json",
        video=f"<results>/videos/{first_target}/{first_song}.mp4",
        sheet=f"<results>/contact_sheets/videos/{first_target}/{first_song}.jpg",
        statistics=rules.describe_dances.output.table,
    output:
        "<results>/summary.md",
    log:
        "<logs>/summarise.log",
    conda:
        "../../environment.yml"
    params:
        benchmarks=lambda w: workflow.pathvars.apply("<benchmarks>"),
        version=STAGE_VERSIONS["evaluation"],
    script:
        "../scripts/summarise.py"
