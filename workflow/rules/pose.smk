rule extract_keypoints:
    """The dancer's joints in each frame, by a pose network, and how many persons are in view."""
    input:
        frames="<results>/frames/{video}.mp4",
        report="<results>/frames/{video}.json",
        networks=pose_networks,
        details=detail_networks,
    output:
        "<results>/keypoints/{video}.parquet",
    log:
        "<logs>/extract_keypoints/{video}.log",
    benchmark:
        "<benchmarks>/extract_keypoints/{video}.tsv"
    wildcard_constraints:
        video=one_of(clips_to_detect_alone),
    # Before any training: what is wrong with a video is known in minutes.
    priority: 5
    conda:
        "../../environment.yml"
    # Two videos at once with a thread each are faster than one after the other with two.
    threads: 1
    resources:
        **needs("extract_keypoints", "video"),
        gpu=int(settings["pose"]["detector"] == "openpose"),
    params:
        **stage("pose"),
        weights=lambda w, input: weights_folder(input),
        tolerant=is_dance,
        # Of cleaning's settings the one that says who is followed; `drop` and `follow` are alike here.
        each=follows_each,
        at_x=lambda w: clips.at[w.video, "x"],
    script:
        "../scripts/extract_keypoints.py"


rule extract_target:
    """The target person's joints and outline in each frame, in one pass of the pose network."""
    input:
        frames="<results>/frames/{video}.mp4",
        report="<results>/frames/{video}.json",
        networks=pose_networks,
        details=detail_networks,
    output:
        keypoints="<results>/keypoints/{video}.parquet",
        outline="<results>/outlines/{video}.mkv",
    log:
        "<logs>/extract_target/{video}.log",
    benchmark:
        "<benchmarks>/extract_target/{video}.tsv"
    wildcard_constraints:
        video=one_of(clips_with_outline),
    # Before any training: what is wrong with a video is known in minutes.
    priority: 5
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("extract_target", "video"),
    params:
        **stage("pose"),
        weights=lambda w, input: weights_folder(input),
        at_x=lambda w: clips.at[w.video, "x"],
    script:
        "../scripts/extract_target.py"


rule import_keypoints:
    """Joints that the user already has, brought to the frame rate and picture of the frame store."""
    input:
        keypoints=lambda w: clips.at[w.video, "keypoints"],
        # They tell at what rate and in what picture the joints were found.
        video=lambda w: clips.at[w.video, "path"] or [],
        sound=lambda w: clips.at[w.video, "audio"] or [],
    output:
        "<results>/keypoints/{video}.parquet",
    log:
        "<logs>/import_keypoints/{video}.log",
    wildcard_constraints:
        video=one_of(clips_to_import),
    # Before any training: what is wrong with a video is known in minutes.
    priority: 5
    conda:
        "../../environment.yml"
    resources:
        **needs("import_keypoints", "video"),
    params:
        **stage("video"),
        row=lambda w: {column: clips.at[w.video, column] for column in ("fps", "width", "height", "camera")},
        part=lambda w: project.part_of(w.video),
        tolerant=is_dance,
    script:
        "../scripts/import_keypoints.py"


rule clean_keypoints:
    """Swaps taken back, short gaps bridged, bad frames marked with their reason, shots numbered (paper III-A)."""
    input:
        "<results>/keypoints/{video}.parquet",
    output:
        "<results>/cleaned/{video}.parquet",
    log:
        "<logs>/clean_keypoints/{video}.log",
    # Before any training: what is wrong with a video is known in minutes.
    priority: 5
    conda:
        "../../environment.yml"
    resources:
        **needs("clean_keypoints", "video"),
    params:
        **stage("cleaning"),
        tolerant=is_dance,
    script:
        "../scripts/clean_keypoints.py"


rule draw_cleaning:
    """What cleaning did to a video: kept and dropped frames, jitter before and after, skeletons to look at."""
    input:
        raw="<results>/keypoints/{video}.parquet",
        cleaned="<results>/cleaned/{video}.parquet",
        frames=lambda w: [] if clips.at[w.video, "keypoints"] else f"<results>/frames/{w.video}.mp4",
    output:
        report(
            "<results>/cleaned/{video}.png",
            category="5. Dances",
            labels={"what": "what is kept of", "video": "{video}"},
            caption="../report/cleaning.rst",
        ),
    log:
        "<logs>/draw_cleaning/{video}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("draw_cleaning", "video"),
    params:
        version=version_of("cleaning"),
    script:
        "../scripts/draw_cleaning.py"


rule draw_thumbnails:
    """All dance videos on one page, those that need a look first: what `all` asks for where they are many."""
    input:
        cleaned=collect("<results>/cleaned/{video}.parquet", video=project.videos.index),
        frames=collect("<results>/frames/{video}.mp4", video=dances_with_frames),
    output:
        report(
            "<results>/cleaned/thumbnails.html",
            category="5. Dances",
            labels={"what": "what is kept", "video": "all"},
            caption="../report/thumbnails.rst",
        ),
    log:
        "<logs>/draw_thumbnails.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("draw_thumbnails", "dances"),
    params:
        videos=list(project.videos.index),
        with_frames=dances_with_frames,
        version=version_of("cleaning"),
    script:
        "../scripts/draw_thumbnails.py"


rule outline_person:
    """The outline of the person in each frame, where the keypoints say that they are, for who asks for it."""
    input:
        keypoints="<results>/keypoints/{video}.parquet",
        frames=frames_if_any,
        networks=outline_network,
    output:
        "<results>/outlines/{video}.mkv",
    log:
        "<logs>/outline_person/{video}.log",
    benchmark:
        "<benchmarks>/outline_person/{video}.tsv"
    wildcard_constraints:
        video=one_of(clips_without_outline),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("outline_person", "video"),
    params:
        **stage("pose"),
        weights=lambda w, input: weights_folder(input),
        is_target=lambda w: not is_dance(w),
    script:
        "../scripts/outline_person.py"


rule draw_outline:
    """The outline drawn into pictures of a video, and how much of the picture the person covers in each frame."""
    input:
        outline="<results>/outlines/{video}.mkv",
        frames=frames_if_any,
    output:
        report(
            "<results>/outlines/{video}.png",
            category="5. Dances",
            labels={"what": "the outline of", "video": "{video}"},
            caption="../report/outline.rst",
        ),
    log:
        "<logs>/draw_outline/{video}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("draw_outline", "video"),
    params:
        version=version_of("pose"),
    script:
        "../scripts/draw_outline.py"


rule export_openpose:
    """The joints that were found in a video, as the JSON that OpenPose writes."""
    input:
        "<results>/keypoints/{video}.parquet",
    output:
        "<results>/openpose/{video}.zip",
    log:
        "<logs>/export_openpose/{video}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("page"),
    script:
        "../scripts/export_openpose.py"


rule export_dance:
    """A finished dance as the JSON that OpenPose writes."""
    input:
        "<results>/poses/{target}/{song}.parquet",
    output:
        "<results>/openpose/{target}/{song}.zip",
    log:
        "<logs>/export_dance/{target}/{song}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("page"),
    script:
        "../scripts/export_openpose.py"


rule export_bvh:
    """The dancer of a video as motion capture: a skeleton that moves through a room, for Blender and others."""
    input:
        # A target's camera may move, which is no movement of the person.
        lambda w: f"<results>/{'cleaned' if is_dance(w) else 'camera'}/{w.video}.parquet",
    output:
        "<results>/bvh/{video}.bvh",
    log:
        "<logs>/export_bvh/{video}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("page"),
    script:
        "../scripts/export_bvh.py"


rule export_dance_bvh:
    """A finished dance as motion capture, on the target's bones where they are known."""
    input:
        **database_files,
        poses="<results>/poses/{target}/{song}.parquet",
        target="<results>/camera/{target}.parquet",
    output:
        "<results>/bvh/{target}/{song}.bvh",
    log:
        "<logs>/export_dance_bvh/{target}/{song}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("page"),
    params:
        half_width=settings["spatial_alignment"]["half_width"],
        # That of the sources, at which the dance was made.
        fps=settings["video"]["fps"],
    script:
        "../scripts/export_dance_bvh.py"
