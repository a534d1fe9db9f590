"""A user's wishes for parts of a song: the optional table edits.tsv, and what each clip may dance because of it.

Columns `song`, `start_s`, `end_s`, `action`, `value`; one wish a line, lines that begin with # are comments:

    pin     value: a fragment (video:frame, of several dancers video.track:frame; in counts video:frame-end, or any
            that begins at the frame); danced in the clip that most of the stretch lies in
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

from danceit_core.choreography import costs
from danceit_core.choreography.candidates import Choice, ClipSong
from danceit_core.choreography.fitting import fit
from danceit_core.choreography.library import Library
from danceit_core.choreography.plan import Plan
from danceit_core.choreography.slots import Slots
from danceit_core.errors import ChoreographyError, ConfigError
from danceit_core.tsv import read_cells

COLUMNS = ("song", "start_s", "end_s", "action", "value")
ACTIONS = ("pin", "ban", "style", "seed")
# A seed adds up to this much to each fragment's cost.
SEED_SPREAD = 1.0
# Of a larger database a clip that an edit touches chooses among so many fragments: costs are computed of each.
MOST_CHOICES = 10_000
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
    song: ClipSong,
    slots: Slots,
    styles: Mapping[str, str],
) -> list[Choice]:
    """What each clip of `plan` may dance after the edits of its song: the same as before where none touches it.

    distance: for each of `touched_clips` the matcher's distance (N,) to every fragment of the library, NaN without one.
    slots: the clips. Raises ChoreographyError for a fragment that is not in the library, and where nothing is left to
    dance.
    """
    rows = library.rows_of(plan.fragment_id, plan.mirrored)
    shifts = (plan.source_start_frame - library.start_frame(rows)).astype(float)
    choices = []
    for clip in range(len(plan)):
        kept = slice(clip, clip + 1)
        as_danced = float(plan.rate[clip]), float(shifts[clip])
        choices.append(Choice(rows[kept], plan.match_distance[kept], as_danced=as_danced))
    touching: dict[int, list[Edit]] = {clip: [] for clip in distance}
    for edit in edits:
        for clip in clips_of(edit, plan, fps=song.fps):
            touching[clip].append(edit)
    for clip, values in distance.items():
        choices[clip] = clip_choice(touching[clip], values, library, song=song, slots=slots, clip=clip, styles=styles)
    return choices


def clip_choice(
    edits: Sequence[Edit],
    distance: NDArray[np.floating],
    library: Library,
    *,
    song: ClipSong,
    slots: Slots,
    clip: int,
    styles: Mapping[str, str],
) -> Choice:
    """What one clip may dance of the whole library (N,) after the edits that touch it. As `edited_choices`."""
    near = np.argsort(distance, kind="stable")
    choice = Choice(near, distance[near], np.zeros(len(near)))
    pins = [edit for edit in edits if edit.action == "pin"]
    if not library.frames and not pins:
        choice = _fitting(choice, library, song, slots, clip)
    for edit in edits:
        choice = _apply(edit, choice, library, styles)
    if not library.frames and pins:
        choice = _lasting(pins[0], choice, library, song, slots, clip)
    return _bounded(choice)


def _fitting(choice: Choice, library: Library, song: ClipSong, slots: Slots, clip: int) -> Choice:
    """The fragments that go into a clip by their length and bars; all of them where none does."""
    how = fit(library, choice.rows, slots, clip, tempo_bpm=song.tempo_in(slots, clip))
    return _those(choice, how.fits) if how.fits.any() else choice


def _lasting(edit: Edit, choice: Choice, library: Library, song: ClipSong, slots: Slots, clip: int) -> Choice:
    """Pinned fragments that last as long as the clip at no less than the slowest rate. Raises ChoreographyError."""
    how = fit(library, choice.rows, slots, clip, tempo_bpm=song.tempo_in(slots, clip))
    lasts = how.rates >= costs.SLOWEST - 1e-9
    if not lasts.any():
        room_s = float(library.room[choice.rows].max() / song.fps)
        raise ChoreographyError(
            f"{_named(edit)}: the dance ends {room_s:.1f} s after the fragment begins, and the clip lasts "
            f"{slots.length[clip] / song.fps:.1f} s; pin a fragment that can go on, or in a shorter clip"
        )
    return _those(choice, how.fits if how.fits.any() else lasts)


def _those(choice: Choice, keep: NDArray[np.bool_]) -> Choice:
    return Choice(choice.rows[keep], choice.distance[keep], choice.extra[keep])


def _named(edit: Edit) -> str:
    return f"edit {edit.action} {edit.value} of {edit.song} from {edit.start_s:g} to {edit.end_s:g} s"


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


def _apply(edit: Edit, choice: Choice, library: Library, styles: Mapping[str, str]) -> Choice:
    where = _named(edit)
    if edit.action == "seed":
        return replace(choice, extra=np.random.default_rng(int(edit.value)).uniform(0, SEED_SPREAD, len(choice.rows)))
    dances = library.dances
    if edit.action != "style" and ":" in edit.value:
        rows = library.rows_named(edit.value)
        if not len(rows):
            raise ChoreographyError(
                f"{where}: the database has no such fragment; its fragments are named video:frame in its column "
                "fragment_id"
            )
        keep = np.isin(choice.rows, rows) == (edit.action == "pin")
    elif edit.action == "ban":
        banned = (dances.name == edit.value) | (dances.video == edit.value)
        keep = ~banned[library.dance[choice.rows]]
    else:
        has_style = np.array([styles.get(str(video)) == edit.value for video in dances.video], bool)
        keep = has_style[library.dance[choice.rows]]
    if not keep.any():
        raise ChoreographyError(f"{where}: with the other edits there nothing is left to dance; take one of them out")
    return _those(choice, keep)


def _bounded(choice: Choice) -> Choice:
    """The MOST_CHOICES nearest of a choice, which are sorted so; without a matcher as many of all of it."""
    if np.isnan(choice.distance).any():
        use = np.arange(0, len(choice.rows), -(-len(choice.rows) // MOST_CHOICES))
    else:
        use = np.arange(min(MOST_CHOICES, len(choice.rows)))
    return Choice(choice.rows[use], choice.distance[use], choice.extra[use])


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
