"""The findings that follow from the figures of a target video: what was measured, its limit, and the remedy.

Limits that need an explanation: a head of less than 30 pixels (nose to ankles of 200) has no face to learn. A place of
the room that is never seen without the person is filled from elsewhere. This is hard to notice in the pictures up to a
tenth of the person's area, and easy to notice for the place of a whole person. Light that differs in places by more
than eight grey levels (after all frames were brought to one exposure) shows as a seam around the person.
"""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from danceit_core.files import write_text
from danceit_core.imagination.check.measure import FAR_TORSOS, VIEWS, Figures
from danceit_core.imagination.target.data import HELD_OUT_S

log = logging.getLogger(__name__)

SHORT_S, LONG_S = 30, 100
# The largest share of a dance that may be seen from another side than the photograph shows.
OTHER_VIEW_SHARE = 0.25
# Nose to ankles, pixels of the picture.
SMALL_PX = 200
ASKED_SHARE, RARE_SHARE = 0.1, 0.02
FAR_SHARE = 0.25
# Share of the dances' poses above which any choice for the music can be painted.
NEAR_SHARE = 0.9
# Torsos of real people, by one detector: 0.34 to 0.41 of the height from nose to ankles; in some motion capture, 0.21.
OTHER_BUILD = 1.33
BLURRED_SHARE, CUT_OFF_SHARE, PEOPLE_SHARE = 0.2, 0.1, 0.05
# Grey levels between plate and frames above which the camera counts as moving, or the light as changing in places.
MOVING_LEVELS, LIGHT_LEVELS = 6.0, 8.0
HOLE_SHARE, UNCOVERED_SHARE = 0.1, 0.02
WRITING_S = 2.0
# Width over height below which a picture is too narrow for most dances.
NARROW_SHAPE = 0.5


@dataclass(frozen=True)
class Finding:
    """The result of one check: `warning` or `note`, and a sentence with the figure, its limit and the remedy."""

    check: str
    severity: str
    sentence: str


def judge(f: Figures) -> tuple[Finding, ...]:
    """The findings that follow from the figures, warnings first; figures that could not be measured give none."""
    checks = _of_photograph(f) if f.still else [*_of_person(f), *_of_room(f)]
    warnings = [Finding(check, "warning", words) for check, holds, words in checks if holds]
    notes = _notes_on_photograph(f) if f.still else _notes(f)
    return (*warnings, *(Finding(check, "note", words) for check, holds, words in notes if holds))


def _of_photograph(f: Figures) -> list[tuple[str, bool, str]]:
    """The checks of `_of_person` that apply to a single picture, and what it does not show."""
    shown = max(VIEWS, key=lambda view: f.shown[view])
    others = sum(f.asked[view] for view in VIEWS if view != "front")
    about = {"size", "people"}
    return [
        ("views", shown != "front" and f.shown[shown] > 0, f"the photograph shows the person {VIEWS[shown]}, and so "
         "will the whole dance: take a photograph from the front"),
        ("views", f.shown["front"] > 0 and others > OTHER_VIEW_SHARE, f"in {others:.0%} of their time the dancers are "
         f"seen from the side or from behind (limit {OTHER_VIEW_SHARE:.0%}), but the photograph shows only the front: "
         "use dances that face the camera, or a video of a few seconds in which the person turns"),
        *(check for check in _of_person(f) if check[0] in about),
        ("body", f.cut_off > 0, f"the photograph does not fully show the person's {f.cut_off_part}: leave room on all "
         "sides"),
    ]  # fmt: skip


def _notes_on_photograph(f: Figures) -> list[tuple[str, bool, str]]:
    width, height = f.size
    return [
        ("photograph", True, "one photograph shows one view and one look of hands and face: it is warped to each "
         "pose, nothing is trained, and what it hides stays hidden; a video of a few seconds gives a better result, "
         "one of about 120 s the best"),
        ("room", True, "the room behind the person was never seen and is filled in from its surroundings"),
        ("shape", width < NARROW_SHAPE * height, f"the picture of {width} x {height} pixels is narrow: steps to the "
         "side are shortened to stay inside it"),
    ]  # fmt: skip


def _of_person(f: Figures) -> list[tuple[str, bool, str]]:
    """Each check, whether it needs a warning, and the warning's words."""
    move, tall_px = "let the person move as the dancers do", f.height * f.size[1]
    if f.build > OTHER_BUILD or f.build < 1 / OTHER_BUILD:
        move = f"their torso is {f.build:.1f} times the target's; detect the joints of both in the same way"
    return [
        ("length", f.usable_s < SHORT_S, f"{f.usable_s:.0f} s of the video are usable, too few for good training "
         f"(limit {SHORT_S} s{'; no frames can be held out' * (f.usable_s < HELD_OUT_S)}): film about 120 s"),
        ("size", tall_px < SMALL_PX, f"nose to ankles take {tall_px:.0f} pixels of the picture (limit {SMALL_PX}), the "
         f"head {f.head_px:.0f}: film from nearer, with the phone upright, or at a higher resolution"),
        ("body", f.cut_off > CUT_OFF_SHARE, f"a part of the body is out of view in {f.cut_off:.0%} of the frames, "
         f"mostly the {f.cut_off_part} (limit {CUT_OFF_SHARE:.0%}): leave room on all sides"),
        *(("views", f.asked[view] >= ASKED_SHARE and f.shown[view] < RARE_SHARE, f"the dances show the dancer {words} "
           f"{f.asked[view]:.0%} of the time, the target's video {f.shown[view]:.0%} (limit {RARE_SHARE:.0%}); what it "
           "does not show will be guessed: let the person turn") for view, words in VIEWS.items()),
        ("poses", f.far_poses > FAR_SHARE, f"{f.far_poses:.0%} of the dances' poses are more than {FAR_TORSOS} torso "
         f"lengths from each of the target's (limit {FAR_SHARE:.0%}): {move}"),
        ("sharpness", f.blurred > BLURRED_SHARE, f"{f.blurred:.0%} of the frames are blurred by movement (limit "
         f"{BLURRED_SHARE:.0%}): film in more light, or let the person move more slowly"),
        ("people", f.people > PEOPLE_SHARE, f"{f.people:.0%} of the frames show several people (limit "
         f"{PEOPLE_SHARE:.0%}): film the person alone"),
    ]  # fmt: skip


def _of_room(f: Figures) -> list[tuple[str, bool, str]]:
    room = f.room
    levels = f"the background differs by {room.room_levels:.1f} grey levels from frame to frame"
    if f.camera_moved:
        levels = f"the camera moves, and its solved path leaves a difference of {room.room_levels:.1f} grey levels"
    moving = room.room_levels > MOVING_LEVELS
    x, y = (f"{share:.0%}" for share in room.hole_at)
    return [
        ("camera", moving, f"{levels} (limit {MOVING_LEVELS:.0f}): put the camera on a tripod, or set pose_gan: "
         "background_plate: false"),
        ("light", room.light_levels > LIGHT_LEVELS and not moving, "light changes in some places of the room by "
         f"{room.light_levels:.0f} grey levels (limit {LIGHT_LEVELS:.0f}) but will not change in the painted room: "
         "film with one steady light and closed curtains"),
        ("room", room.hole_share > HOLE_SHARE, f"a place of the room as large as {room.hole_share:.0%} of the person, "
         f"{x} from the left and {y} from the top, is never seen without them (limit {HOLE_SHARE:.0%}) and is filled "
         "from elsewhere: let the person step aside once"),
        ("edge", room.never_covered > UNCOVERED_SHARE, f"the camera never showed {room.never_covered:.0%} of the "
         f"picture (limit {UNCOVERED_SHARE:.0%}), which is filled in: move the camera less"),
        ("writing", f.writing_s >= WRITING_S and not f.people > PEOPLE_SHARE,
         f"writing appears over the feet for {f.writing_s:.0f} s (limit {WRITING_S:.0f}) and will be learnt as part of "
         "them: use a video without it, or choose other seconds (columns `start_s`, `end_s`)"),
    ]  # fmt: skip


def _notes(f: Figures) -> list[tuple[str, bool, str]]:
    width, height = f.size
    solved = f.camera_moved > 0 and not f.room.room_levels > MOVING_LEVELS
    return [
        ("length", SHORT_S <= f.usable_s < LONG_S, f"{f.usable_s:.0f} s of the video are usable, about 120 s are "
         "recommended: film longer"),
        ("dance", f.near_poses < NEAR_SHARE, f"{f.near_poses:.0%} of the dances' poses are similar to ones in the "
         "video: the dance prefers these where the music allows (retrieval.paintable_weight)"),
        ("camera", solved, f"the camera moves by {f.camera_moved:.0%} of the picture: its frames are aligned to one "
         f"room of {f.room.width} x {f.room.height} pixels"),
        ("exposure", f.light_changed > 0, f"the exposure changes by {f.light_changed:.0%}: all frames are corrected to "
         "one exposure"),
        ("shape", width < NARROW_SHAPE * height, f"the picture of {width} x {height} pixels is narrow: steps to the "
         "side are shortened to stay inside it"),
    ]  # fmt: skip


def write_check(path: str | Path, figures: Figures) -> None:
    """Write figures (NaN: null) and findings as JSON, and log the findings."""
    for finding in judge(figures):
        log.log(logging.WARNING if finding.severity == "warning" else logging.INFO, "%s", finding.sentence)
    plain = json.loads(json.dumps(asdict(figures)), parse_constant=lambda _: None)
    write_text(path, json.dumps({"figures": plain, "findings": [asdict(f) for f in judge(figures)]}, indent=2) + "\n")
