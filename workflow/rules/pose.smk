rule extract_keypoints:
    """Detect the dancer's joints in each frame with a pose network, and count the persons in view."""
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
    # Before any training: problems of a video are reported within minutes.
    priority: 5
    conda:
        "../../environment.yml"
    # Two videos in parallel with one thread each are faster than one after the other with two threads.
    threads: 1
    resources:
        **needs("extract_keypoints", "video"),
        gpu=int(settings["pose"]["detector"] == "openpose"),
    params:
        **stage("pose"),
        weights=lambda w, input: weights_folder(input),
        tolerant=is_dance,
        # The one setting of cleaning that affects detection: who is followed; `drop` and `follow` are the same here.
        each=follows_each,
        at_x=lambda w: clips.at[w.video, "x"],
    script:
        "../scripts/extract_keypoints.py"


rule extract_target:
    """Detect the target person's joints and outline in each frame, in one pass of the pose network."""
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
    # Before any training: problems of a video are reported within minutes.
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
    """Import existing keypoints and convert them to the frame rate and picture size of the frame store."""
    input:
        keypoints=lambda w: clips.at[w.video, "keypoints"],
        # These files give the frame rate and picture size that the joints refer to.
        video=lambda w: clips.at[w.video, "path"] or [],
        sound=lambda w: clips.at[w.video, "audio"] or [],
    output:
        "<results>/keypoints/{video}.parquet",
    log:
        "<logs>/import_keypoints/{video}.log",
    wildcard_constraints:
        video=one_of(clips_to_import),
    # Before any training: problems of a video are reported within minutes.
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
    """Clean keypoints: undo swaps, bridge short gaps, mark bad frames with a reason, number shots (paper III-A)."""
    input:
        "<results>/keypoints/{video}.parquet",
    output:
        "<results>/cleaned/{video}.parquet",
    log:
        "<logs>/clean_keypoints/{video}.log",
    # Before any training: problems of a video are reported within minutes.
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
    """Draw the effect of cleaning on a video: kept and dropped frames, jitter before and after, sample skeletons."""
    input:
        raw="<results>/keypoints/{video}.parquet",
        cleaned="<results>/cleaned/{video}.parquet",
        frames=lambda w: [] if clips.at[w.video, "keypoints"] else f"<results>/frames/{w.video}.mp4",
    output:
        report(
            "<results>/cleaned/{video}.png",
            category="5. Dances",
            labels={"what": "kept frames", "video": "{video}"},
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
    """Draw all dance videos on one page, those with problems first; `all` requests it if there are many videos."""
    input:
        cleaned=collect("<results>/cleaned/{video}.parquet", video=project.videos.index),
        frames=collect("<results>/frames/{video}.mp4", video=dances_with_frames),
    output:
        report(
            "<results>/cleaned/thumbnails.html",
            category="5. Dances",
            labels={"what": "kept frames", "video": "all"},
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
    """Find the outline of the person in each frame, guided by the keypoints (on request)."""
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
    """Draw the outline into frames of a video, and the share of the picture that the person covers in each frame."""
    input:
        outline="<results>/outlines/{video}.mkv",
        frames=frames_if_any,
    output:
        report(
            "<results>/outlines/{video}.png",
            category="5. Dances",
            labels={"what": "outline", "video": "{video}"},
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
    """Export the joints detected in a video as OpenPose JSON."""
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
    """Export a finished dance as OpenPose JSON."""
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
    """Export the dancer of a video as motion capture (BVH): a skeleton moving in space, for Blender and others."""
    input:
        # The movement of a target's camera must not become movement of the person.
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
    """Export a finished dance as motion capture (BVH), with the target's bone lengths where they are known."""
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
        # The frame rate of the sources, at which the dance was made.
        fps=settings["video"]["fps"],
    script:
        "../scripts/export_dance_bvh.py"
