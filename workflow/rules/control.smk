rule control_video:
    """Export the dance for pose-driven video generators: skeletons, outlines, a picture of the person, the sound."""
    input:
        poses="<results>/poses/{target}/{song}.parquet",
        target="<results>/camera/{target}.parquet",
        frames="<results>/frames/{target}.mp4",
        outline="<results>/outlines/{target}.mkv",
        plate=plate_if_any,
        song=song_file,
    output:
        skeleton="<results>/control/{target}/{song}.mp4",
        outline="<results>/control/{target}/{song}_outline.mp4",
        reference="<results>/control/{target}/{song}_reference.png",
        reference_pose="<results>/control/{target}/{song}_reference_pose.png",
        sound="<results>/control/{target}/{song}.wav",
    log:
        "<logs>/control_video/{target}/{song}.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("control_video", "song"),
    params:
        version=version_of("rendering"),
        sound=song_sound,
    script:
        "../scripts/control_video.py"
