rule train_pose_gan:
    """Train the poseGAN, which paints the target person from a drawn skeleton (paper IV-D)."""
    input:
        frames="<results>/frames/{target}.mp4",
        poses="<results>/camera/{target}.parquet",
        plate=plate_if_any,
        outlines=outlines_if_recalled,
        perceptual=settings["pose_gan"]["perceptual_weights"] or [],
        learned=efficientnet_if_asked,
        networks=judging_networks,
    output:
        gan="<results>/gan/{target}/pose_gan.safetensors",
        history="<results>/gan/{target}/pose_gan.jsonl",
        samples=report(
            "<results>/gan/{target}/samples.png",
            category="3. Person",
            labels={"figure": "2. held-out frames", "dancer": "{target}"},
            caption="../report/samples.rst",
        ),
        curves=report(
            "<results>/gan/{target}/curves.png",
            category="3. Person",
            labels={"figure": "4. losses", "dancer": "{target}"},
            caption="../report/gan_curves.rst",
        ),
    log:
        "<logs>/train_pose_gan/{target}.log",
    benchmark:
        "<benchmarks>/train_pose_gan/{target}.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        **needs("train_pose_gan"),
        gpu=1,
    params:
        **stage("pose_gan"),
        seed=config["seed"],
        pose_weights=lambda w, input: weights_folder(input),
    script:
        "../scripts/train_pose_gan.py"


rule train_face_gan:
    """Train the FaceGAN, which adds missing detail of the face on a patch around the nose (paper IV-D)."""
    input:
        frames="<results>/frames/{target}.mp4",
        poses="<results>/camera/{target}.parquet",
        plate=plate_if_any,
        outlines=outlines_if_recalled,
        gan="<results>/gan/{target}/pose_gan.safetensors",
    output:
        gan="<results>/gan/{target}/face_gan.safetensors",
        history="<results>/gan/{target}/face_gan.jsonl",
        samples=report(
            "<results>/gan/{target}/face_samples.png",
            category="3. Person",
            labels={"figure": "3. faces", "dancer": "{target}"},
            caption="../report/faces.rst",
        ),
    log:
        "<logs>/train_face_gan/{target}.log",
    benchmark:
        "<benchmarks>/train_face_gan/{target}.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        **needs("train_face_gan"),
        gpu=1,
    params:
        **stage("face_gan"),
        seed=config["seed"],
    script:
        "../scripts/train_face_gan.py"


rule render_video:
    """Render the finished video: the target person dancing to the song."""
    input:
        **lending_frames,
        poses="<results>/poses/{target}/{song}.parquet",
        pose_gan="<results>/gan/{target}/pose_gan.safetensors",
        face_gan="<results>/gan/{target}/face_gan.safetensors" if settings["face_gan"]["enabled"] else [],
        # Not read; listed so that the user's video is checked, too.
        check="<results>/gan/{target}/check.json",
        song=song_file,
    output:
        report(
            "<results>/videos/{target}/{song}.mp4",
            category="1. Result",
            labels={"what": "video", "dancer": "{target}", "song": "{song}"},
            caption="../report/video.rst",
        ),
        pixels="<results>/videos/{target}/{song}.pixels.parquet",
    log:
        "<logs>/render_video/{target}/{song}.log",
    benchmark:
        "<benchmarks>/render_video/{target}/{song}.tsv"
    wildcard_constraints:
        target=one_of(filmed),
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        **needs("render_video", "song"),
        gpu=1,
    params:
        settings={key: settings["rendering"][key] for key in ("batch_size", "crf")},
        version=version_of("rendering"),
        sound=song_sound,
    script:
        "../scripts/render_video.py"


rule draft_video:
    """Render a draft without training: the person's own pixels, carried to the dance's poses, over the plate."""
    input:
        poses="<results>/poses/{target}/{song}.parquet",
        song=song_file,
        frames="<results>/frames/{target}.mp4",
        target="<results>/camera/{target}.parquet",
        plate="<results>/plates/{target}.png",
        outlines="<results>/outlines/{target}.mkv",
        report="<results>/frames/{target}.json",
    output:
        "<results>/draft/{target}/{song}.mp4",
        pixels="<results>/draft/{target}/{song}.pixels.parquet",
    log:
        "<logs>/draft_video/{target}/{song}.log",
    benchmark:
        "<benchmarks>/draft_video/{target}/{song}.tsv"
    # Before the training where both could start: the dance can be watched while the networks train.
    priority: 6
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        **needs("render_video", "song"),
    params:
        settings={key: settings["rendering"][key] for key in ("batch_size", "crf")},
        version=version_of("rendering"),
        sound=song_sound,
    script:
        "../scripts/draft_video.py"


rule show_photograph:
    """Use the draft as the finished video of a target with one photograph, which is not enough to train on."""
    input:
        draft="<results>/draft/{target}/{song}.mp4",
        pixels="<results>/draft/{target}/{song}.pixels.parquet",
        # Not read; listed so that the user's photograph is checked, too.
        check="<results>/gan/{target}/check.json",
    output:
        pixels="<results>/videos/{target}/{song}.pixels.parquet",
        video=report(
            "<results>/videos/{target}/{song}.mp4",
            category="1. Result",
            labels={"what": "video", "dancer": "{target}", "song": "{song}"},
            caption="../report/video.rst",
        ),
    log:
        "<logs>/show_photograph/{target}/{song}.log",
    wildcard_constraints:
        target=one_of(photographs),
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "(cp {input.draft:q} {output.video:q} && cp {input.pixels:q} {output.pixels:q}) > {log:q} 2>&1"


rule preview_video:
    """Render the first seconds of the video as soon as the poseGAN is trained, without the FaceGAN."""
    input:
        **lending_frames,
        poses="<results>/poses/{target}/{song}.parquet",
        pose_gan="<results>/gan/{target}/pose_gan.safetensors",
        song=song_file,
    output:
        "<results>/preview/painted/{target}/{song}.mp4",
    log:
        "<logs>/preview_video/{target}/{song}.log",
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        **needs("preview_video"),
        gpu=1,
    params:
        settings={key: settings["rendering"][key] for key in ("batch_size", "crf")},
        version=version_of("rendering"),
        seconds=settings["rendering"]["preview_s"],
        sound=song_sound,
    script:
        "../scripts/render_video.py"


rule render_group:
    """Render several persons on one stage, each painted by their own networks."""
    input:
        poses=collect("<results>/poses/{target}/{{song}}.parquet", target=group_members),
        targets=collect("<results>/camera/{target}.parquet", target=group_members),
        pose_gans=collect("<results>/gan/{target}/pose_gan.safetensors", target=group_members),
        face_gans=(
            collect("<results>/gan/{target}/face_gan.safetensors", target=group_members)
            if settings["face_gan"]["enabled"]
            else []
        ),
        song=song_file,
        frames=collect("<results>/frames/{target}.mp4", target=group_members),
        plates=collect("<results>/plates/{target}.png", target=group_members),
        outlines=collect("<results>/outlines/{target}.mkv", target=group_members),
        reports=collect("<results>/frames/{target}.json", target=group_members),
    output:
        report(
            "<results>/videos/group/{song}.mp4",
            category="1. Result",
            labels={"what": "video", "dancer": "the group", "song": "{song}"},
            caption="../report/group.rst",
        ),
        pixels="<results>/videos/group/{song}.pixels.parquet",
    log:
        "<logs>/render_group/{song}.log",
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        **needs("render_group", "song"),
        gpu=1,
    params:
        **stage("group"),
        members=group_members,
        batch_size=settings["rendering"]["batch_size"],
        crf=settings["rendering"]["crf"],
        sound=song_sound,
    script:
        "../scripts/render_group.py"


rule link_draft:
    """Link results/draft.mp4 to the draft of the first target and song, to watch while the networks train."""
    input:
        f"<results>/draft/{first_target}/{first_song}.mp4",
    output:
        "<results>/draft.mp4",
    log:
        "<logs>/link_draft.log",
    localrule: True
    conda:
        "../../environment.yml"
    shell:
        "ln -sfr {input:q} {output:q} > {log:q} 2>&1"


rule link_video:
    """Link results/video.mp4 to the video of the first target and the first song of the tables."""
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


rule all_videos:
    """Request every song danced by every target: snakemake -- all_videos."""
    input:
        collect("<results>/videos/{target}/{song}.mp4", target=project.targets.index, song=project.songs.index),
