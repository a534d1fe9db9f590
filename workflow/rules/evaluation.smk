rule detect_result:
    """Detect the joints in the finished video with the same pose network."""
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
        **needs("detect_result", "song"),
        gpu=int(settings["pose"]["detector"] == "openpose"),
    params:
        **stage("pose"),
        weights=lambda w, input: weights_folder(input),
    script:
        "../scripts/detect_result.py"


rule evaluate:
    """Score a finished video: beat alignment (with chance levels), motion, re-detected joints (paper V)."""
    input:
        poses="<results>/poses/{target}/{song}.parquet",
        detected="<results>/evaluation/{target}/{song}.keypoints.parquet",
        target="<results>/camera/{target}.parquet",
        music="<results>/music/{song}.parquet",
        plan="<results>/choreography/{song}.parquet",
        video="<results>/videos/{target}/{song}.mp4",
        pixels="<results>/videos/{target}/{song}.pixels.parquet",
    output:
        "<results>/evaluation/{target}/{song}.json",
    log:
        "<logs>/evaluate/{target}/{song}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("evaluate", "song"),
    params:
        **stage("evaluation"),
        seed=config["seed"],
    script:
        "../scripts/evaluate.py"


rule draw_dance:
    """Draw a dance before and after each alignment: beats, seams, skeletons, joints over time, source of each part."""
    input:
        **database_files,
        plan="<results>/choreography/{song}.parquet",
        poses="<results>/poses/{target}/{song}.parquet",
        target="<results>/camera/{target}.parquet",
        music="<results>/music/{song}.parquet",
        song=song_file,
    output:
        report(
            "<results>/figures/{target}/{song}/beats.svg",
            category="2. Dance",
            labels=figure_of("1. beats of music and dance"),
            caption="../report/beats.rst",
        ),
        report(
            "<results>/figures/{target}/{song}/on_beats.png",
            category="2. Dance",
            labels=figure_of("2. skeletons at a beat"),
            caption="../report/on_beats.rst",
        ),
        report(
            "<results>/figures/{target}/{song}/seams.png",
            category="2. Dance",
            labels=figure_of("3. skeletons at a seam"),
            caption="../report/seams.rst",
        ),
        report(
            "<results>/figures/{target}/{song}/paths.svg",
            category="2. Dance",
            labels=figure_of("4. joints over time"),
            caption="../report/paths.rst",
        ),
        report(
            "<results>/figures/{target}/{song}/sources.svg",
            category="2. Dance",
            labels=figure_of("5. source of each part"),
            caption="../report/sources.rst",
        ),
    log:
        "<logs>/draw_dance/{target}/{song}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("draw_dance", "song"),
    params:
        spatial=settings["spatial_alignment"],
        camera=settings["rendering"]["camera"],
        beat_kind=settings["temporal_alignment"]["beat_kind"],
        version=version_of("evaluation"),
        sound=song_sound,
    script:
        "../scripts/draw_dance.py"


rule draw_pixels:
    """Draw which frame of the target's video provides each part of the body over the song, and the most used frames."""
    input:
        pixels="<results>/videos/{target}/{song}.pixels.parquet",
        frames="<results>/frames/{target}.mp4",
        target="<results>/camera/{target}.parquet",
        outlines=outlines_if_recalled,
    output:
        report(
            "<results>/figures/{target}/{song}/pixels.png",
            category="1. Result",
            labels={"what": "source of the pixels", "dancer": "{target}", "song": "{song}"},
            caption="../report/pixels.rst",
        ),
    log:
        "<logs>/draw_pixels/{target}/{song}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("page"),
    params:
        version=version_of("evaluation"),
    script:
        "../scripts/draw_pixels.py"


rule draw_contact_sheet:
    """Draw a contact sheet: frames of a video at equal intervals."""
    input:
        "<results>/{folder}/{name}.mp4",
    output:
        report(
            "<results>/contact_sheets/{folder}/{name}.jpg",
            category="1. Result",
            labels=sheet_labels,
            caption="../report/sheet.rst",
        ),
    log:
        "<logs>/draw_contact_sheet/{folder}/{name}.log",
    wildcard_constraints:
        folder="frames|videos",
        name=r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)?",
    conda:
        "../../environment.yml"
    resources:
        **needs("page"),
    params:
        version=version_of("evaluation"),
    script:
        "../scripts/draw_contact_sheet.py"


rule compare_video:
    """Render side by side: the frames that the poses come from, the aligned poses, the painted person."""
    input:
        poses="<results>/poses/{target}/{song}.parquet",
        frames=collect("<results>/frames/{video}.mp4", video=project.videos.index),
        painted="<results>/videos/{target}/{song}.mp4",
        song=song_file,
    output:
        "<results>/comparison/{target}/{song}.mp4",
    log:
        "<logs>/compare_video/{target}/{song}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("compare_video", "song"),
    params:
        videos=list(project.videos.index),
        version=version_of("evaluation"),
        sound=song_sound,
    script:
        "../scripts/compare_video.py"


rule draw_moving_picture:
    """Convert six seconds of a video to an animated WebP for web pages."""
    input:
        "<results>/{folder}/{name}.mp4",
    output:
        "<results>/moving_pictures/{folder}/{name}.webp",
    log:
        "<logs>/draw_moving_picture/{folder}/{name}.log",
    wildcard_constraints:
        folder="frames|videos|comparison|preview",
        name=r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+){0,2}",
    conda:
        "../../environment.yml"
    resources:
        **needs("page"),
    params:
        version=version_of("evaluation"),
    script:
        "../scripts/draw_moving_picture.py"


rule compare_faces:
    """Compare the faces in the finished video with the person's face, by a face recognition network."""
    input:
        video="<results>/videos/{target}/{song}.mp4",
        detected="<results>/evaluation/{target}/{song}.keypoints.parquet",
        frames="<results>/frames/{target}.mp4",
        own="<results>/cleaned/{target}.parquet",
        points="<resources>/blazepose/face_landmark.tflite",
        network=rules.fetch_face_network.output,
    output:
        "<results>/evaluation/{target}/{song}.faces.json",
    log:
        "<logs>/compare_faces/{target}/{song}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("evaluate", "song"),
    params:
        version=version_of("evaluation"),
    script:
        "../scripts/compare_faces.py"


rule summarise:
    """Write a one-page summary: where the video is, its scores, the running time of each stage."""
    input:
        scores=f"<results>/evaluation/{first_target}/{first_song}.json",
        faces=(
            f"<results>/evaluation/{first_target}/{first_song}.faces.json"
            if settings["evaluation"]["identity"]
            else []
        ),
        video=f"<results>/videos/{first_target}/{first_song}.mp4",
        sheet=f"<results>/contact_sheets/videos/{first_target}/{first_song}.jpg",
        statistics=rules.describe_dances.output.table,
    output:
        text="<results>/summary.md",
        page=report(
            "<results>/summary.html",
            category="1. Result",
            labels={"what": "scores and time", "dancer": first_target, "song": first_song},
            caption="../report/summary.rst",
        ),
    log:
        "<logs>/summarise.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("page"),
    params:
        benchmarks=workflow.pathvars.apply("<benchmarks>"),
        beat_kind=settings["temporal_alignment"]["beat_kind"],
        version=version_of("evaluation"),
    script:
        "../scripts/summarise.py"


rule evaluate_choreography:
    """Make all tables and figures on the choreography: Tables I and II, Fig. 8, Fig. 11, alignment vs distortion."""
    input:
        **database_files,
        dance_music=collect("<results>/music/{video}.parquet", video=project.videos.index),
        song_music=collect("<results>/music/{song}.parquet", song=project.songs.index),
        fragments=collect("<results>/database/{seconds}s.parquet", seconds=compared_lengths),
        matchers=collect("<results>/matcher/{seconds}s/matcher.pt", seconds=compared_lengths),
        indices=collect("<results>/matcher/{seconds}s/index.json", seconds=compared_lengths),
        histories=collect("<results>/matcher/{seconds}s/history.jsonl", seconds=compared_lengths),
        # The fragments in beats, if these are danced.
        counted=[fragments_table, index_about] if in_counts else [],
    output:
        report(
            directory("<results>/evaluation/choreography"),
            patterns=["{name}.png", "{name}.html"],
            category="2. Dance",
            labels={"figure": "6. choreographies compared: {name}", "dancer": "-", "song": "-"},
            caption="../report/choreography.rst",
        ),
    log:
        "<logs>/evaluate_choreography.log",
    benchmark:
        "<benchmarks>/evaluate_choreography/all.tsv"
    conda:
        "../../environment.yml"
    resources:
        **needs("evaluate_choreography", "dances"),
    params:
        **stage("evaluation"),
        retrieval=settings["retrieval"],
        spatial=settings["spatial_alignment"],
        temporal=settings["temporal_alignment"],
        videos=list(project.videos.index),
        songs=list(project.songs.index),
        seed=config["seed"],
    script:
        "../scripts/evaluate_choreography.py"
