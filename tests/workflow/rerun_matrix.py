"""Which rules run again after each change: of every section of the configuration, every table, every stage's version.

Dry runs on a finished tiny run, whose folder stands in TINY_RUN (tests/workflow/smoke.sh does both).
"""

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from snakemake_runs import snakemake

from danceit_core.config import SECTIONS
from danceit_core.versions import STAGE_VERSIONS

TINY = Path(os.environ["TINY_RUN"])

# Whose results a rule reads or waits for.
READS = {
    "normalise_video": {"render_demo"},
    "extract_keypoints": {"normalise_video"},
    "extract_target": {"normalise_video"},
    "clean_keypoints": {"extract_keypoints", "extract_target"},
    "analyse_song": {"synthesise_song"},
    "analyse_dance": {"render_demo"},
    "measure_dance": {"clean_keypoints", "analyse_dance"},
    "gather_frames": {"clean_keypoints", "analyse_dance", "measure_dance"},
    "cut_fragments": {"gather_frames"},
    "cut_counts": {"gather_frames"},
    "describe_dances": {"clean_keypoints", "analyse_dance"},
    "train_matcher": {"gather_frames", "cut_fragments"},
    "index_counts": {"gather_frames", "cut_counts", "train_matcher"},
    "measure_paintable": {"gather_frames", "solve_camera"},
    "retrieve_fragments": {"analyse_song", "gather_frames", "cut_counts", "train_matcher", "index_counts"}
    | {"measure_paintable"},
    "edit_plan": {"retrieve_fragments", "analyse_song"},
    "solve_camera": {"normalise_video", "clean_keypoints", "extract_target"},
    "build_plate": {"normalise_video", "solve_camera", "extract_target"},
    "align_poses": {"edit_plan", "analyse_song", "solve_camera", "gather_frames"},
    "check_target": {"normalise_video", "clean_keypoints", "extract_target", "solve_camera", "build_plate"}
    | {"measure_paintable"},
    "train_pose_gan": {"normalise_video", "solve_camera", "build_plate", "extract_target"},
    "train_face_gan": {"normalise_video", "solve_camera", "build_plate", "extract_target", "train_pose_gan"},
    "render_video": {
        "align_poses",
        "train_pose_gan",
        "train_face_gan",
        "check_target",
        "synthesise_song",
        "normalise_video",
        "solve_camera",
        "build_plate",
        "extract_target",
    },
    "link_video": {"render_video"},
    "detect_result": {"render_video"},
    "evaluate": {"edit_plan", "align_poses", "detect_result", "solve_camera", "analyse_song", "render_video"},
    "draw_contact_sheet": {"render_video"},
    "draw_pixels": {"render_video", "normalise_video", "solve_camera", "extract_target"},
    "draw_dance": {"edit_plan", "gather_frames", "align_poses", "solve_camera", "analyse_song", "synthesise_song"},
    "summarise": {"evaluate", "render_video", "draw_contact_sheet", "describe_dances"},
}


@dataclass(frozen=True)
class Change:
    """One change of a project, and the rules that it reaches first. spared: they read other files of these rules."""

    name: str
    first: set[str]
    config: str = ""
    stage: str = ""
    spared: frozenset[str] = frozenset()

    def expected(self) -> set[str]:
        """The first rules, and all that read what they make."""
        found = set(self.first)
        while more := {rule for rule, read in READS.items() if read & found} - found - self.spared:
            found |= more
        return found


def table(name: str, *, line: str = "", without: str = "") -> str:
    """A setting that names a copy of a tiny table with a line more or less."""
    lines = (TINY / "config" / "tiny" / f"{name}.tsv").read_text().splitlines()
    lines = [old for old in lines if not without or not old.startswith(without)] + ([line] if line else [])
    path = TINY / "changed" / f"{name}{len(lines)}.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return f"{name}={path}"


def told(cells: dict[str, str], *, of: str = "new_song") -> str:
    """A setting that names a copy of the tiny table of songs with one more, and with further cells of one of them."""
    header, first = (TINY / "config" / "tiny" / "songs.tsv").read_text().splitlines()
    rows = [first, first.replace("new_song", "encore")]
    rows = ["\t".join([row, *cells.values()]) if row.startswith(of) else row for row in rows]
    path = TINY / "changed" / f"{of}_{'_'.join(cells)}.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["\t".join([header, *cells]), *rows]) + "\n")
    return f"songs={path}"


def beats() -> str:
    """The path of a file of beats."""
    path = TINY / "changed" / "song.beats"
    path.parent.mkdir(exist_ok=True)
    path.write_text("0.5\t1\n1.0\t2\n1.5\t3\n2.0\t1\n")
    return str(path)


def edits() -> str:
    path = TINY / "changed" / "edits.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("song\tstart_s\tend_s\taction\tvalue\nnew_song\t0\t2\tban\tdancer_1\n")
    return f"edits={path}"


def turned() -> str:
    """A setting that names a copy of the tiny table of videos whose first dance is turned."""
    header, first, *others = (TINY / "config" / "tiny" / "videos.tsv").read_text().splitlines()
    path = TINY / "changed" / "turned.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([f"{header}\trotate", f"{first}\t90", *others]) + "\n")
    return f"videos={path}"


def grouped() -> str:
    """A setting that names a copy of the tiny table of videos whose first dance has a group."""
    header, first, *others = (TINY / "config" / "tiny" / "videos.tsv").read_text().splitlines()
    path = TINY / "changed" / "grouped.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([f"{header}\tgroup", f"{first}\tpolka", *others]) + "\n")
    return f"videos={path}"


# What reads a target's video alone, and what reads the dances' alone, where the rule reads both in different jobs.
OF_TARGETS = frozenset({"extract_target", "solve_camera", "build_plate", "train_pose_gan", "train_face_gan"})
OF_DANCES = frozenset({"extract_keypoints", "measure_dance", "gather_frames", "describe_dances"})
SEEDED = {"train_matcher", "train_pose_gan", "train_face_gan", "evaluate"}
NEW_DANCE = {"normalise_video", "analyse_dance", "gather_frames", "describe_dances"}
CHANGES = [
    Change("nothing", set()),
    Change("demo", {"render_demo", "synthesise_song"}, "demo={song_s: 4.0}"),
    Change("video", {"normalise_video"}, "video={crf: 20}"),
    Change("video.keep_bars", {"normalise_video"}, "video={keep_bars: true}"),
    Change("video.fps", {"normalise_video", "analyse_song", "analyse_dance"}, "video={fps: 25}"),
    Change("pose", {"extract_keypoints", "extract_target", "detect_result"}, "pose={confidence_floor: 0.05}"),
    Change("cleaning", {"clean_keypoints"}, "cleaning={max_gap_s: 0.2}"),
    Change("cleaning.several_people, one", {"clean_keypoints"}, "cleaning={several_people: follow}"),
    Change(
        "cleaning.several_people, each", {"extract_keypoints", "clean_keypoints"}, "cleaning={several_people: each}"
    ),
    Change("fragments", {"cut_fragments"}, "fragments={hop_s: 0.25}"),
    Change("fragments.unit", {"index_fragments", "retrieve_fragments", "edit_plan"}, "fragments={unit: seconds}"),
    Change("fragments.test_share", {"gather_frames", "cut_fragments", "cut_counts"}, "fragments={test_share: 0.3}"),
    Change("music", {"analyse_song", "analyse_dance"}, "music={features: mfcc}"),
    Change("matcher", {"train_matcher"}, "matcher={epochs: 3}"),
    Change("retrieval", {"retrieve_fragments", "edit_plan"}, "retrieval={match_weight: 2.0}"),
    Change("retrieval.paintable_weight", {"retrieve_fragments", "edit_plan"}, "retrieval={paintable_weight: 0.0}"),
    Change(
        "retrieval.fragment_s",
        {"analyse_song", "cut_fragments", "retrieve_fragments", "edit_plan"},
        "retrieval={fragment_s: 1.0}",
    ),
    Change("spatial_alignment", {"align_poses"}, "spatial_alignment={half_width: 6}"),
    Change("temporal_alignment", {"align_poses"}, "temporal_alignment={strength: 0.5}"),
    Change(
        "temporal_alignment.beat_kind",
        {"retrieve_fragments", "edit_plan", "align_poses"},
        "temporal_alignment={beat_kind: max}",
    ),
    Change("plate", {"solve_camera", "build_plate"}, "plate={even_light: false}"),
    Change("plate.stabilise", {"solve_camera", "build_plate"}, "plate={stabilise: false}"),
    Change("pose_gan", {"train_pose_gan"}, "pose_gan={iterations: 13}"),
    Change(
        "pose_gan.picture_size",
        {"normalise_video", "train_pose_gan"},
        "pose_gan={picture_size: 160}",
        spared=OF_DANCES,
    ),
    Change("pose_gan.painter", {"train_pose_gan", "train_face_gan", "render_video"}, "pose_gan={painter: paint}"),
    Change("face_gan", {"train_face_gan"}, "face_gan={iterations: 5}"),
    Change("rendering", {"render_video"}, "rendering={crf: 20}"),
    Change("rendering.preview_s", set(), "rendering={preview_s: 2.0}"),
    Change("rendering.long_side", {"normalise_video"}, "rendering={long_side: 160}", spared=OF_DANCES),
    Change("rendering.fps", {"align_poses"}, "rendering={fps: 30}"),
    Change("rendering.camera", {"align_poses", "draw_dance"}, "rendering={camera: follow}"),
    Change("group", set(), "group={spacing: 0.6}"),
    Change("evaluation", {"evaluate"}, "evaluation={pck_share: 0.2}"),
    Change("user_study", set(), "user_study={clips: 3}"),
    Change("seed", SEEDED, "seed=1"),
    Change("strict", {"describe_dances", "retrieve_fragments"}, "strict=true"),
    Change(
        "a dance more",
        NEW_DANCE | {"check_target"},
        table("videos", line="dancer_9\tdata/demo_tiny/dancer_1.mp4"),
        spared=OF_TARGETS,
    ),
    Change(
        "a dance less",
        {"gather_frames", "describe_dances"},
        table("videos", without="dancer_4"),
    ),
    Change(
        "a dance turned",
        {"normalise_video"},
        turned(),
        spared=OF_TARGETS,
    ),
    Change("the group of a dance", {"measure_dance", "describe_dances"}, grouped()),
    Change("a song more", set(), table("songs", line="encore\tdata/demo_tiny/song.flac")),
    # All that is made of its sound is made anew, the trainings are not, and no other song.
    Change("a part of the song", {"analyse_song", "draw_dance", "render_video"}, told({"start_s": "0.5"})),
    Change("a part of another song", set(), told({"start_s": "0.5"}, of="encore")),
    Change("the beats of the song", {"analyse_song"}, told({"beats": beats()})),
    Change("the tempo of the song", {"analyse_song"}, told({"tempo_bpm": "90"})),
    # The plan of a song is for all targets.
    Change(
        "a target more",
        {"normalise_video", "retrieve_fragments"},
        table("targets", line="double\tdata/demo_tiny/target.mp4\tyes"),
        spared=OF_DANCES | OF_TARGETS - {"extract_target", "solve_camera"} | {"check_target"},
    ),
    Change("edits", {"edit_plan"}, edits()),
]
BUMPS = {
    "demo": {"render_demo", "synthesise_song"},
    "video": {"normalise_video"},
    "pose": {"extract_keypoints", "extract_target", "detect_result"},
    "cleaning": {"clean_keypoints"},
    "music": {"analyse_song", "analyse_dance"},
    "fragments": {"measure_dance", "gather_frames", "cut_fragments", "cut_counts", "describe_dances"},
    "matcher": {"train_matcher", "index_counts"},
    "retrieval": {"retrieve_fragments", "edit_plan", "measure_paintable"},
    "alignment": {"align_poses"},
    "plate": {"solve_camera", "build_plate"},
    "pose_gan": {"check_target", "train_pose_gan"},
    "face_gan": {"train_face_gan"},
    "rendering": {"render_video"},
    "group": set(),
    "user_study": set(),
    "evaluation": {"evaluate", "draw_contact_sheet", "draw_dance", "draw_pixels", "summarise"},
}
CHANGES += [Change(f"version of {stage}", first, stage=stage) for stage, first in BUMPS.items()]


def bumped(stage: str) -> Path:
    """A copy of the workflow and the library in which one stage's version is another."""
    copy = TINY / "bumped" / stage
    shutil.rmtree(copy, ignore_errors=True)
    for part in ("workflow", "danceit_core"):
        shutil.copytree(TINY / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    source = copy / "danceit_core" / "versions.py"
    text, count = re.subn(rf'"{stage}": \d+', f'"{stage}": 99', source.read_text())
    assert count == 1
    source.write_text(text)
    return copy / "workflow" / "Snakefile"


def dry_run(change: Change) -> str:
    command = ["-n", "--cores", "2", "--configfile", "config/tiny.yaml"]
    command += ["--snakefile", str(bumped(change.stage))] if change.stage else []
    command += ["--config", change.config] if change.config else []
    command += ["--", "results/video.mp4", "results/summary.md", "results/figures/performer/new_song/beats.svg"]
    command += ["results/figures/performer/new_song/pixels.png"]
    run = snakemake(*command, folder=TINY)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


@pytest.fixture(scope="module")
def plans() -> dict[str, str]:
    """What Snakemake would do after each change."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip((change.name for change in CHANGES), pool.map(dry_run, CHANGES), strict=True))


def planned(output: str) -> set[str]:
    if "Nothing to be done" in output:
        return set()
    return set(re.findall(r"^(\w+) +\d+$", output.split("Job stats:")[1], re.MULTILINE)) - {"total"}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_exactly_what_depends_on_a_change_runs_again(plans, change):
    assert planned(plans[change.name]) == change.expected()


@pytest.mark.parametrize("stage", [stage for stage, first in BUMPS.items() if first])
def test_another_version_is_named_as_the_reason(plans, stage):
    reason = next(line for line in plans[f"version of {stage}"].splitlines() if "Params have changed" in line)
    assert f"{stage} version {STAGE_VERSIONS[stage]}" in reason
    assert f"{stage} version 99" in reason


def test_every_section_and_every_stage_is_tried():
    assert set(SECTIONS) <= {change.name for change in CHANGES}
    assert set(STAGE_VERSIONS) == set(BUMPS)
