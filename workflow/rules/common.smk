import os
import sys
from pathlib import Path

# The library stands beside the workflow and need not be installed, in this process or in those of the rules.
library = str(Path(workflow.basedir).parent)
sys.path.insert(0, library)
os.environ |= {"PYTHONPATH": os.pathsep.join(filter(None, [library, os.getenv("PYTHONPATH")]))}

from danceit_core import STAGE_VERSIONS
from danceit_core.errors import ConfigError
from danceit_core.evaluation.sweep import SWEEP
from danceit_core.inputs import load_project

try:
    project = load_project(
        config,
        schemas=Path(workflow.basedir) / "schemas",
        config_files=" + ".join(map(str, workflow.configfiles)) or "config",
    )
except ConfigError as error:
    sys.exit(f"error: {error}")

settings = project.settings
clips = project.clips()
clips_to_detect = [clip for clip, row in clips.iterrows() if not row["keypoints"]]
clips_to_import = [clip for clip, row in clips.iterrows() if row["keypoints"]]
fragment_s = f"{settings['retrieval']['fragment_s']:g}"
compared_lengths = [f"{seconds:g}" for seconds in settings["evaluation"]["lengths_s"]]
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


def stage(section):
    """A rule's params: the settings of its own stage and the stage's version, nothing else."""
    return {"settings": settings[section], "version": STAGE_VERSIONS[section]}


def edits_of(wildcards):
    """The lines of the table of edits that are about a song, as plain values: a change of them re-runs that song."""
    return [vars(edit) for edit in project.edits if edit.song == wildcards.song]


def is_dance(wildcards):
    """Whether a video is one to learn from: if it cannot be used it is left out. A target must be usable."""
    return wildcards.video in project.videos.index


def pose_networks(wildcards):
    """The networks of BlazePose; the files of the other detectors are the user's own."""
    if settings["pose"]["detector"] != "blazepose":
        return []
    return collect(
        "<resources>/blazepose/{network}.tflite",
        network=["pose_detection", f"pose_landmark_{settings['pose']['model']}"],
    )


def weights_folder(input):
    """The folder that the pose networks lie in; none where the detector has its own."""
    return str(Path(input.networks[0]).parent) if input.networks else ""


def all_fragments(wildcards):
    """The parts of the database of one length: all dances'."""
    seconds = getattr(wildcards, "seconds", fragment_s)
    return collect("<results>/database/{seconds}s/{video}.parquet", seconds=seconds, video=project.videos.index)
