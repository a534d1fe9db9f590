"""The boxes of the pipeline's picture, and what the workflow says of them.

`STAGES` says in which box each rule of a run of the demo belongs and where the box stands. Everything else is asked of
the workflow: `snakemake --filegraph` gives the rules, their files and what depends on what. A rule without a box, and a
file that no rule of its box writes, are errors, so that the picture cannot fall behind the workflow.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape

# What is asked of the workflow; the last two are beside the way to video.mp4.
TARGETS = ("video.mp4", "summary.md", "draft.mp4", "preview/performer/new_song.mp4")
# Rules without a box: they fetch networks and the demo's body, give a file a second name, or draw small pictures.
BESIDE = {
    "fetch_pose_weights", "fetch_beat_networks", "fetch_body_mesh", "link_draft", "link_video", "draw_contact_sheet",
}  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """A box. files: names below `results/`, each an output of one of the rules, and what stands over them."""

    title: str
    note: str
    column: int
    row: int
    rules: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    rows: int = 1


@dataclass(frozen=True)
class Given:
    """A file that the user gives. rule: the one that makes the demo's; feeds: the stages that read it first."""

    title: str
    note: str
    row: int
    rule: str
    feeds: tuple[str, ...]


STAGES = {
    "music": Stage(
        "Music", "beats, bars, sections", 0, 0, ("analyse_song", "analyse_dance"), {"music/{song}.parquet": ""}
    ),
    "joints": Stage(
        "Frames and joints", "24 fps, 25 joints, outlines", 0, 1,
        ("normalise_video", "extract_keypoints", "extract_target", "clean_keypoints"),
        {"frames/{video}.mp4": "", "cleaned/{video}.parquet": ""},
    ),
    "person": Stage(
        "Target person", "camera, empty room, check", 0, 2,
        ("solve_camera", "build_plate", "measure_paintable", "check_target"),
        {"plates/{person}.png": "", "gan/{person}/check.png": ""},
    ),
    "matcher": Stage(
        "Matcher", "which dance fits which music", 1, 0, ("train_matcher", "index_counts"),
        {"matcher/{seconds}s/matcher.pt": ""},
    ),
    "fragments": Stage(
        "Fragments", "half a bar to two bars", 1, 1,
        ("measure_dance", "gather_frames", "cut_counts", "cut_fragments", "describe_dances"),
        {"database/beats.parquet": "", "database/keypoints.npy": ""},
    ),
    "training": Stage(
        "Training", "a network for this person", 1, 2, ("train_pose_gan",), {"gan/{person}/pose_gan.safetensors": ""}
    ),
    "choreography": Stage(
        "Choreography", "fragments for the song, joined", 2, 0,
        ("retrieve_fragments", "edit_plan", "align_poses", "preview_poses", "draft_video"),
        {
            "choreography/{song}.parquet": "plan",
            "poses/{person}/{song}.parquet": "dance, on the beat",
            "preview/{person}/{song}.mp4": "skeleton preview",
            "draft/{person}/{song}.mp4": "draft, no training needed",
        },
        rows=2,
    ),
    "video": Stage("Video", "the person, dancing", 2, 2, ("render_video",), {"videos/{person}/{song}.mp4": ""}),
    "scores": Stage(
        "Evaluation", "beats and joints, found again", 2, 3, ("detect_result", "evaluate", "summarise"),
        {"summary.md": ""},
    ),
}  # fmt: skip
GIVEN = (
    Given("Song", "any sound file", 0, "synthesise_song", ("music",)),
    Given("Dances", "your videos", 1, "render_demo", ("joints", "music")),
    Given("Person", "video or photo", 2, "render_demo", ("joints",)),
)
# Drawn although a longer way leads there, too: what a reader looks for first.
ALWAYS = {("music", "choreography"), ("fragments", "choreography"), ("joints", "person")}


@dataclass(frozen=True)
class Workflow:
    """What `snakemake --filegraph` says: the files that each rule writes, and which rule is read by which."""

    files: Mapping[str, frozenset[str]]
    edges: frozenset[tuple[str, str]]


def read_workflow(graph: str) -> Workflow:
    """The rules of a graph in DOT. File names are without `results/` and their wildcards' constraints."""
    nodes = re.findall(r"^(\d+) \[ shape=none(.*?)^</table>>\]", graph, re.MULTILINE | re.DOTALL)
    names = {number: re.findall(r'size="18">(\w+)<', text)[0] for number, text in nodes}
    files = {}
    for number, text in nodes:
        _, _, written = text.partition("output &rarr;")
        files[names[number]] = frozenset(_plain(name) for name in re.findall(r'monospace">([^<]*)<', written))
    edges = re.findall(r"^\s*(\d+) -> (\d+)", graph, re.MULTILINE)
    return Workflow(files, frozenset((names[earlier], names[later]) for earlier, later in edges))


def _plain(name: str) -> str:
    """`results/plates/{target,performer}.png` as `plates/{person}.png`."""
    bare = re.sub(r"\{(\w+),(?:[^{}]|\{[^{}]*\})*\}", r"{\1}", unescape(name).removeprefix("results/"))
    return bare.replace("{target}", "{person}")


def stage_edges(workflow: Workflow) -> set[tuple[str, str]]:
    """Which stage reads which, by name (earlier, later); without edges that others imply, but those of ALWAYS.

    Raises ValueError where a rule has no box, or a box has a rule, a file or an edge that the workflow lacks.
    """
    of_rule = {rule: name for name, stage in STAGES.items() for rule in stage.rules}
    placed = set(of_rule) | BESIDE | {given.rule for given in GIVEN}
    if unlike := set(workflow.files) ^ placed:
        raise ValueError(f"the workflow's rules and the picture's differ in {sorted(unlike)}; correct STAGES or BESIDE")
    for stage in STAGES.values():
        written = frozenset[str]().union(*(workflow.files[rule] for rule in stage.rules))
        if missing := set(stage.files) - written:
            raise ValueError(f"no rule of the box {stage.title} writes {sorted(missing)}; correct STAGES")
    between = {(of_rule.get(a, a), of_rule.get(b, b)) for a, b in workflow.edges}
    edges = {(a, b) for a, b in between if a in STAGES and b in STAGES and a != b}
    if lacking := {(given.rule, name) for given in GIVEN for name in given.feeds} - between | ALWAYS - edges:
        raise ValueError(f"the workflow has no {sorted(lacking)}; correct GIVEN or ALWAYS")
    return {edge for edge in edges if edge in ALWAYS or not _implied(edge, edges)}


def _implied(edge: tuple[str, str], edges: set[tuple[str, str]]) -> bool:
    """Whether another way leads from its first stage to its second."""
    ways, seen = [edge[0]], set[str]()
    while ways:
        here = ways.pop()
        reached = {b for a, b in edges if a == here and (a, b) != edge} - seen
        seen |= reached
        ways += reached
    return edge[1] in seen
