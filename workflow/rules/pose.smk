rule extract_keypoints:
    """The dancer's joints in each frame, by a pose network."""
    input:
        frames="<results>/frames/{video}.mp4",
        weights=rules.fetch_pose_weights.output[0],
    output:
        "<results>/keypoints/{video}.parquet",
    log:
        "<logs>/extract_keypoints/{video}.log",
    benchmark:
        "<benchmarks>/extract_keypoints/{video}.tsv"
    wildcard_constraints:
        video=one_of(clips_to_detect),
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=1000,
    params:
        **stage("pose"),
    script:
        "../scripts/extract_keypoints.py"


rule import_keypoints:
    """Joints that the user already has, brought to the frame rate and picture of the frame store."""
    input:
        lambda w: clips.at[w.video, "keypoints"],
    output:
        "<results>/keypoints/{video}.parquet",
    log:
        "<logs>/import_keypoints/{video}.log",
    wildcard_constraints:
        video=one_of(clips_to_import),
    conda:
        "../../environment.yml"
    resources:
        mem_mb=1000,
    params:
        **stage("video"),
        row=lambda w: {column: clips.at[w.video, column] for column in ("fps", "width", "height")},
    script:
        "../scripts/import_keypoints.py"


rule clean_keypoints:
    """Short gaps bridged, bad frames marked with their reason (paper III-A)."""
    input:
        "<results>/keypoints/{video}.parquet",
    output:
        "<results>/cleaned/{video}.parquet",
    log:
        "<logs>/clean_keypoints/{video}.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=1000,
    params:
        **stage("cleaning"),
    script:
        "../scripts/clean_keypoints.py"
