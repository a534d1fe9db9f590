"""All figures of one dance: its beats, its seams, its paths through space and the source of each part."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from danceit_core.choreography.align import Source
from danceit_core.choreography.clips import shown_clips
from danceit_core.choreography.floor import Floor
from danceit_core.choreography.in_space import dance_motion
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.rate import danced
from danceit_core.config import SpatialSettings
from danceit_core.errors import ChoreographyError, PoseError
from danceit_core.evaluation.beat_page import PEAKS_PER_S, draw_beats
from danceit_core.evaluation.provenance_page import draw_paths, draw_sources
from danceit_core.evaluation.steps import retrace
from danceit_core.evaluation.strips import draw_on_beats, draw_seams
from danceit_core.files import whole_file
from danceit_core.media.sound_source import SoundSource, as_source
from danceit_core.music.table import MusicTable
from danceit_core.pose.bvh import Motion
from danceit_core.pose.table import PoseTable

log = logging.getLogger(__name__)

# The same figure gives the same file: letters as curves, no dates, no random names.
STEADY: Any = {"svg.fonttype": "path", "svg.hashsalt": "danceit"}


def draw_dance(
    folder: str | Path,
    plan: Plan,
    sources: Mapping[str, Source],
    poses: PoseTable,
    *,
    music: MusicTable,
    song: str | Path | SoundSource,
    floor: Floor,
    spatial: SpatialSettings,
    beat_kind: str,
) -> None:
    """Write `beats.svg`, `seams.png`, `on_beats.png`, `paths.svg` and `sources.svg` into `folder`.

    poses: the finished dance of `plan`, danced by the target person on their floor. It is shown at the frame rate of
    `music`, with which it was made. song: its sound file, or the part of a sound file that was danced to.
    """
    made = danced(poses, fps=music.fps, seconds=plan.song_frames / music.fps)
    steps = retrace(plan, sources, made, floor=floor, spatial=spatial, shown_fps=poses.fps)
    peaks = as_source(song).peaks(per_s=PEAKS_PER_S)
    clips = shown_clips(made, music.beats.times_s, source_fps=music.fps)
    shown: Any = {"kind": beat_kind, "sections": music.sections, "clips": clips}
    figures = {
        "beats.svg": draw_beats(steps, music.beats, peaks, **shown),
        "seams.png": draw_seams(steps),
        "on_beats.png": draw_on_beats(steps, music.beats, kind=beat_kind),
        "paths.svg": draw_paths(steps, motion_in_space(made, sources, spatial=spatial)),
        "sources.svg": draw_sources(made, music.beats),
    }
    for name, figure in figures.items():
        write_figure(Path(folder) / name, figure)


def motion_in_space(made: PoseTable, sources: Mapping[str, Source], *, spatial: SpatialSettings) -> Motion | None:
    """The dance in space; None, with the reason in the log, if a source's joints in space are incomplete."""
    try:
        return dance_motion(made, sources, half_width=spatial.half_width, name="the dance")
    except (ChoreographyError, PoseError) as error:
        log.info("the view of the dance from above is left out: %s", error)
        return None


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure as PNG or SVG, by the suffix of `path`; the file appears complete or not at all."""
    kind = path.suffix[1:]
    with whole_file(path) as partial, mpl.rc_context(STEADY):
        figure.savefig(partial, format=kind, dpi=110, metadata={"Date": None} if kind == "svg" else None)
