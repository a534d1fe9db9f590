"""A user's wishes for parts of a song: the optional table edits.tsv, and what each clip may dance because of it.

Columns `song`, `start_s`, `end_s`, `action`, `value`; one wish a line, lines that begin with # are comments:

    pin     value: a fragment (video:frame, of several dancers video.track:frame); danced in the clip that most of the
            stretch lies in
    ban     value: a fragment, a video or one dancer of it (video.track); not danced in any clip of the stretch
    style   value: a style of videos.tsv; only its videos are danced there
    seed    value: a whole number; another choice there, about as good

Clips that no wish touches keep their fragments: they are not chosen anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danceit_core.choreography.candidates import Choice
from danceit_core.choreography.library import Library
from danceit_core.choreography.plan import Plan
from danceit_core.errors import ChoreographyError, ConfigError
from danceit_core.pose.tracks import dance_name
from danceit_core.tsv import read_cells

COLUMNS = ("song", "start_s", "end_s", "action", "value")
ACTIONS = ("pin", "ban", "style", "seed")
# A seed adds up to this much to each fragment's cost.
SEED_SPREAD = 1.0
LONGEST_SEED = 18


@dataclass(frozen=True)
class Edit:
    """One line of the table: seconds of the song, `action` of ACTIONS, and its value as text."""

    song: str
    start_s: float
    end_s: float
    action: str
    value: str


def read_edits(path: str | Path, *, songs: Sequence[str], styles: Mapping[str, str]) -> list[Edit]:
    """The edits of a table; none where it has no lines. styles: the style of each video of the videos table.

    Raises ConfigError of one line for the first fault: a missing column, an unknown song, video, style or action, or
    seconds that are no stretch.
    """
    lines = read_cells(path, remedy="create it or empty the config key `edits`")
    if not lines or tuple(lines[0][1]) != COLUMNS:
        raise ConfigError(f"{path}: the first line must hold the columns {', '.join(COLUMNS)}, separated by tabs")
    return [_parse(cells, where=f"{path} line {number}", songs=songs, styles=styles) for number, cells in lines[1:]]


def edited_choices(
    edits: Sequence[Edit],
    plan: Plan,
    library: Library,
    distance: Mapping[int, NDArray[np.floating]],
    *,
    fps: float,
    styles: Mapping[str, str],
) -> list[Choice]:
    """What each clip of `plan` may dance after the edits of its song: the same as before where none touches it.

    distance: for each of `touched_clips` the matcher's distance (N,) to every fragment of the library. Raises
    ChoreographyError for a fragment that is not in the library, and where nothing is left to dance.
    """
    row_of = {str(name): row for row, name in enumerate(library.fragment_id)}
    choices = []
    for clip in range(len(plan)):
        row = row_of.get(str(plan.fragment_id[clip]))
        if row is None:
            raise ChoreographyError(
                f"the plan dances fragment {plan.fragment_id[clip]!r}, which is not in the database; "
                "run retrieve_fragments again"
            )
        shift = float(plan.source_start_frame[clip] - library.start_frame[row])
        kept = Choice(np.array([row]), plan.match_distance[clip : clip + 1], as_danced=(float(plan.rate[clip]), shift))
        choices.append(kept)
    for clip, values in distance.items():
        near = np.argsort(values, kind="stable")
        choices[clip] = Choice(near, values[near], np.zeros(len(near)))
    for edit in edits:
        for clip in clips_of(edit, plan, fps=fps):
            choices[clip] = _apply(edit, choices[clip], library, row_of, styles)
    return choices


def touched_clips(edits: Sequence[Edit], plan: Plan, *, fps: float) -> list[int]:
    """Numbers of the clips that edits change, increasing. Raises ChoreographyError for a stretch after the song."""
    return sorted({clip for edit in edits for clip in clips_of(edit, plan, fps=fps)})


def clips_of(edit: Edit, plan: Plan, *, fps: float) -> list[int]:
    """The clips that one edit changes: one for `pin`, all that share a frame with the stretch for the others."""
    first, stop = edit.start_s * fps, edit.end_s * fps
    shared = np.minimum(stop, plan.start_frame + plan.frames) - np.maximum(first, plan.start_frame)
    if (shared <= 0).all():
        raise ChoreographyError(
            f"edit {edit.action} of {edit.song} from {edit.start_s:g} to {edit.end_s:g} s: the song ends at "
            f"{plan.song_frames / fps:.2f} s; correct the table of edits"
        )
    if edit.action == "pin":
        return [int(shared.argmax())]
    return [int(clip) for clip in np.flatnonzero(shared >= 0.5)]


def _apply(
    edit: Edit, choice: Choice, library: Library, row_of: Mapping[str, int], styles: Mapping[str, str]
) -> Choice:
    where = f"edit {edit.action} {edit.value} of {edit.song} from {edit.start_s:g} to {edit.end_s:g} s"
    if edit.action == "seed":
        return replace(choice, extra=np.random.default_rng(int(edit.value)).uniform(0, SEED_SPREAD, len(choice.rows)))
    if edit.action != "style" and ":" in edit.value and edit.value not in row_of:
        raise ChoreographyError(
            f"{where}: the database has no such fragment; its fragments are named video:frame in its column fragment_id"
        )
    if edit.action == "pin":
        keep = choice.rows == row_of[edit.value]
    elif edit.action == "ban":
        names = zip(
            library.video[choice.rows], library.track[choice.rows], library.fragment_id[choice.rows], strict=True
        )
        keep = np.array([edit.value not in (video, dance_name(video, track), name) for video, track, name in names])
    else:
        keep = np.array([styles.get(str(video)) == edit.value for video in library.video[choice.rows]], bool)
    if not keep.any():
        raise ChoreographyError(f"{where}: with the other edits there nothing is left to dance; take one of them out")
    return Choice(choice.rows[keep], choice.distance[keep], choice.extra[keep])


def _parse(cells: Sequence[str], *, where: str, songs: Sequence[str], styles: Mapping[str, str]) -> Edit:
    if len(cells) != len(COLUMNS):
        raise ConfigError(f"{where}: {len(cells)} cells for {len(COLUMNS)} columns; check the tabs")
    song, start, end, action, value = (cell.strip() for cell in cells)
    if song not in songs:
        raise ConfigError(f"{where}: unknown song {song!r}; known: {', '.join(songs)}")
    if action not in ACTIONS:
        raise ConfigError(f"{where}: unknown action {action!r}; known: {', '.join(ACTIONS)}")
    try:
        start_s, end_s = float(start), float(end)
    except ValueError:
        raise ConfigError(f"{where}: start_s {start!r} and end_s {end!r} must be seconds") from None
    if not 0 <= start_s < end_s < np.inf:
        raise ConfigError(f"{where}: from {start_s:g} to {end_s:g} s is no stretch; start_s lies before end_s")
    video = value.split(":")[0].split(".")[0]  # neither is in an ID
    if action == "pin" and ":" not in value:
        raise ConfigError(f"{where}: pin needs a fragment (video:frame), not {value!r}")
    if action in ("pin", "ban") and video not in styles:
        raise ConfigError(f"{where}: unknown video {video!r}; known: {', '.join(styles)}")
    if action == "style" and value not in set(styles.values()) - {""}:
        raise ConfigError(f"{where}: no video has the style {value!r}; column style of the videos table names them")
    if action == "seed" and not (value.isascii() and value.isdigit() and len(value) <= LONGEST_SEED):
        raise ConfigError(f"{where}: a seed is a whole number of up to {LONGEST_SEED} digits, not {value!r}")
    return Edit(song, start_s, end_s, action, value)
