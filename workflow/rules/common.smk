import importlib.util
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

# The folder `workflow`, also where this is a module of another workflow. In a clone the library lies beside it and need
# not be installed, in this process or in those of the rules. Of a workflow on a git host Snakemake fetches single files:
# then the library must be installed.
in_clone = workflow.current_basedir.is_local
here = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
library = str(here.parent)
if in_clone:
    sys.path.insert(0, library)
    os.environ |= {"PYTHONPATH": os.pathsep.join(filter(None, [library, os.getenv("PYTHONPATH")]))}
elif importlib.util.find_spec("danceit_core") is None:
    sys.exit(
        "error: the library danceit_core is not installed; install it with pip from the repository of this workflow"
    )

from danceit_core import STAGE_VERSIONS
from danceit_core.crashes import crash_lines
from danceit_core.errors import ConfigError
from danceit_core.estimates import LARGEST_MB, make_estimates
from danceit_core.evaluation.sweep import SWEEP
from danceit_core.folders import check_folder, let_shells_find_python, name_the_user
from danceit_core.input_tables import TABLES
from danceit_core.inputs import check_config_file, load_project
from danceit_core.user_study.stretches import variant_settings

try:
    # Snakemake formats the paths of its own files, and PYTHONPATH has colons between folders.
    if in_clone:
        check_folder(library, what="the folder of DanceIt", refused="{}" + os.pathsep)
    check_folder(Path.cwd(), what="the folder snakemake runs in")
    let_shells_find_python()
    name_the_user()
    for path in workflow.configfiles:
        check_config_file(path)
    schemas = [here / "schemas"]
    if not in_clone:
        schemas = [Path(workflow.source_path(f"../schemas/{name}.schema.yaml")).parent for name in ("config", *TABLES)]
    project = load_project(
        config,
        schemas=schemas[0],
        config_files=" + ".join(map(str, workflow.configfiles)) or "config",
    )
except ConfigError as error:
    sys.exit("error: " + " ".join(str(error).split()))

settings = project.settings
estimates = make_estimates(settings)
clips = project.clips()
clips_to_detect = [clip for clip, row in clips.iterrows() if not row["keypoints"]]
clips_to_import = [clip for clip, row in clips.iterrows() if row["keypoints"]]
# Where BlazePose looks for a target's joints, their outline comes along; of other videos it is made for who asks for it.
detects_outline = settings["pose"]["detector"] == "blazepose"
clips_with_outline = [clip for clip in clips_to_detect if detects_outline and clip in project.targets.index]
clips_to_detect_alone = [clip for clip in clips_to_detect if clip not in clips_with_outline]
clips_without_outline = [clip for clip in clips.index if clip not in clips_with_outline]
# Of more dances, or targets, than that `all` asks for no page each, which nobody would look through: the dances have a
# picture each on one page, and whoever wants the page of one asks for it.
most_pages = 24
dances_are_many = len(project.videos) > most_pages
dances_with_frames = [clip for clip in project.videos.index if clip in clips_to_detect]
clips_with_page = [] if dances_are_many else list(project.videos.index)
clips_with_page += list(project.targets.index[: None if len(project.targets) <= most_pages else 1])
outlines_with_page = [clip for clip in clips_with_outline if clip in clips_with_page]
fragment_s = f"{settings['retrieval']['fragment_s']:g}"
compared_lengths = [f"{seconds:g}" for seconds in settings["evaluation"]["lengths_s"]]
fragment_lengths = sorted({fragment_s, *compared_lengths}, key=float)
# What is danced: fragments in counts, or, as the paper, those of one length. The matcher learns from those of one length.
in_counts = settings["fragments"]["unit"] == "beats" and settings["retrieval"]["variant"] != "argmin"
fragments_table = f"<results>/database/{'beats' if in_counts else f'{fragment_s}s'}.parquet"
matcher_folder = f"<results>/matcher/{fragment_s}s"
index_about = f"{matcher_folder}/{'beats/' if in_counts else ''}index.json"
# The frames of all dances (danceit_core.database.frames): who reads a table of fragments needs them, too.
database_files = {
    "dances": "<results>/database/dances.parquet",
    **{name: f"<results>/database/{name}.npy" for name in ("keypoints", "world", "features", "moves", "passage")},
}
recalls = settings["pose_gan"]["painter"] == "recall"
# Of one photograph nothing is learnt: its video is the draft.
photographs = project.photographs
filmed = [target for target in project.targets.index if target not in photographs]
group_members = list(settings["group"]["members"] or filmed)
first_target, first_song = project.targets.index[0], project.songs.index[0]


def one_of(names):
    return "|".join(names) or "(?!)"


wildcard_constraints:
    video=one_of(clips.index),
    dance=one_of(project.videos.index),
    song=one_of(project.songs.index),
    target=one_of(project.targets.index),
    clip=r"dancer_[1-4]|target",
    seconds=r"[0-9]+(\.[0-9]+)?",


def version_of(section):
    """A stage's version in words: so a bump tells in Snakemake's reason for a job what has changed."""
    return f"{section} version {STAGE_VERSIONS[section]}"


def stage(section):
    """A rule's params: the settings of its own stage and the stage's version, nothing else."""
    return {"settings": settings[section], "version": version_of(section)}


def song_file(wildcards):
    """The file that a song is in."""
    return project.songs.at[wildcards.song, "path"]


def song_sound(wildcards):
    """Which sound track and which part of the time of that file are the song (`media.sound_source`)."""
    return project.excerpt_of(wildcards.song)


def edits_of(wildcards):
    """The lines of the table of edits that are about a song, as plain values: a change of them re-runs that song."""
    return [vars(edit) for edit in project.edits if edit.song == wildcards.song]


def figure_of(name):
    """The labels of a dance's figure in the report."""
    return {"figure": name, "dancer": "{target}", "song": "{song}"}


def sheet_labels(wildcards):
    """Those of a contact sheet: of a finished video PERSON/SONG, or of a video that was given."""
    dancer, _, song = wildcards.name.partition("/")
    return {"what": "contact sheet", "dancer": dancer, "song": song or "-"}


def is_dance(wildcards):
    """Whether a video is one to learn from: if it cannot be used it is left out. A target must be usable."""
    return wildcards.video in project.videos.index


def is_square(wildcards):
    """Whether the pictures of a video are squares: of a target whose painter is the paper's."""
    return settings["pose_gan"]["picture_size"] > 0 and not is_dance(wildcards)


def longest_side(wildcards):
    """The longer side of a video's frames at most: a target's are as large as the finished video."""
    own_size = settings["rendering"]["long_side"]
    return settings["video"]["size"] if is_dance(wildcards) else settings["pose_gan"]["picture_size"] or own_size


def follows_each(wildcards):
    """Whether every dancer of a video is followed: of a target one is, and of a video whose column x says which."""
    each = settings["cleaning"]["several_people"] == "each"
    return each and is_dance(wildcards) and not clips.at[wildcards.video, "x"]


def pose_networks(wildcards):
    """The networks of BlazePose; the files of the other detectors are the user's own."""
    if settings["pose"]["detector"] != "blazepose":
        return []
    return collect(
        "<resources>/blazepose/{network}.tflite",
        network=["pose_detection", f"pose_landmark_{settings['pose']['model']}"],
    )


def frames_if_any(wildcards):
    """The frame store of a video; none of keypoints that came without a video, which the rule's script tells."""
    return [f"<results>/frames/{wildcards.video}.mp4"] if clips.at[wildcards.video, "path"] else []


def plate_if_any(wildcards):
    """The empty room of a target, unless the network paints it, too."""
    return "<results>/plates/{target}.png" if settings["pose_gan"]["background_plate"] else []


def outlines_if_recalled(wildcards):
    """The outlines of a target, for a painter that cuts the person's own pixels out by them."""
    return "<results>/outlines/{target}.mkv" if recalls else []


# What a painter that recalls reads beside its networks.
lending_frames = {
    "frames": "<results>/frames/{target}.mp4" if recalls else [],
    "target": "<results>/camera/{target}.parquet" if recalls else [],
    "plate": "<results>/plates/{target}.png" if recalls else [],
    "outlines": "<results>/outlines/{target}.mkv" if recalls else [],
    "report": "<results>/frames/{target}.json" if recalls else [],
}


def outline_network(wildcards):
    """BlazePose's landmark network, which draws outlines; who has chosen another detector need not have it."""
    network = f"<resources>/blazepose/pose_landmark_{settings['pose']['model']}.tflite"
    if detects_outline or Path(workflow.pathvars.apply(network)).is_file():
        return [network]
    return []


def detail_networks(wildcards):
    """Those of hands and face, where they are asked for of this video."""
    asked = ["all"] if is_dance(wildcards) else ["targets", "all"]
    networks = {"hands": "hand_landmark_full", "face": "face_landmark"}
    wanted = [network for key, network in networks.items() if settings["pose"][key] in asked]
    return collect("<resources>/blazepose/{network}.tflite", network=wanted)


def judging_networks(wildcards):
    """The networks of BlazePose that judge what a poseGAN in training paints; none unless it may end before its time."""
    if not settings["pose_gan"]["patience"]:
        return []
    return collect("<resources>/blazepose/{network}.tflite", network=["pose_detection", "pose_landmark_full"])


def beat_networks(wildcards):
    """The networks that hear beats and bars; none where librosa's tracker is asked for."""
    return "<resources>/beats/beat_networks.zip" if settings["music"]["beats"] == "networks" else []


def efficientnet_if_asked(wildcards):
    """The network of the perceptual loss that needs no file of the user's."""
    if settings["pose_gan"]["perceptual"] != "efficientnet" or settings["pose_gan"]["perceptual_weights"]:
        return []
    return "<resources>/efficientnet/efficientnet_lite0.pth"


def weights_folder(input):
    """The folder that the pose networks lie in; none where none are used."""
    return str(Path(input.networks[0]).parent) if input.networks else ""


def study_videos():
    """The dances of the user study, all songs of one variant after those of another; `full` is the workflow's own."""
    folders = ["" if name == "full" else f"user_study/{name}/" for name in settings["user_study"]["variants"]]
    return [f"<results>/{folder}videos/{first_target}/{song}.mp4" for folder in folders for song in project.songs.index]


@cache
def source_mb(source):
    """MB of what the user gave under an ID, of all `dances` or the `longest`; 0 for what is not there yet (the demo)."""
    if source in ("dances", "longest"):
        return (sum if source == "dances" else max)(map(source_mb, project.videos.index))
    row = project.songs.loc[source] if source in project.songs.index else clips.loc[source]
    paths = [Path(row[column]) for column in ("path", "audio", "keypoints") if row.get(column)]
    return min(sum(path.stat().st_size for path in paths if path.is_file()) / 1e6, LARGEST_MB)


def needs(rule, source=None):
    """A rule's memory and time, from the size of the file that a wildcard stands for, or of all `dances`."""

    def size_mb(wildcards):
        return source_mb(getattr(wildcards, source, source)) if source else 0

    def memory_mb(wildcards, attempt):
        longest_mb = source_mb("longest") if source == "dances" else 0
        return estimates[rule].memory_mb(size_mb(wildcards), attempt=attempt, longest_mb=longest_mb)

    return {
        "mem_mb": memory_mb,
        "runtime": lambda wildcards, attempt: estimates[rule].runtime_min(size_mb(wildcards), attempt=attempt),
    }


def costs_of_targets(wildcards):
    """What it costs to paint the dances, for each target; none where retrieval does not go by it."""
    if not settings["retrieval"]["paintable_weight"]:
        return []
    return collect("<results>/paintable/{target}.parquet", target=project.targets.index)


onstart:
    folder = Path(workflow.pathvars.apply("<results>"))
    if folder.exists() and not os.access(folder, os.W_OK):
        sys.exit(f"error: {folder} cannot be written to; make it writable, or set results to another folder")


onsuccess:
    # Of a run that was to make the whole; who asks for a preview alone knows where it is.
    path = workflow.pathvars.apply
    scores = Path(path(f"<results>/evaluation/{first_target}/{first_song}.json"))
    if scores.exists() and any(job.rule.name == "summarise" for job in workflow.dag.jobs):
        from danceit_core.evaluation.closing import closing_lines
        from danceit_core.evaluation.summary import read_benchmarks, read_scores

        lines = closing_lines(
            read_scores(scores),
            video=path("<results>/video.mp4"),
            summary=path("<results>/summary.md"),
            benchmarks=read_benchmarks(path("<benchmarks>")),
            kind=settings["temporal_alignment"]["beat_kind"],
        )
        print("", *lines, sep="\n", file=sys.stderr)


onerror:
    for path in log:
        for line in dict.fromkeys(crash_lines(Path(path).read_text())):
            print(f"error: {line}", file=sys.stderr)
    # Interrupted while it submits jobs, Snakemake's SLURM executor forgets to cancel those that were on their way.
    for path in log:
        for run_id in re.findall(r"SLURM run ID: (\S+)", Path(path).read_text()):
            subprocess.run(["scancel", f"--name={run_id}"], check=False)
