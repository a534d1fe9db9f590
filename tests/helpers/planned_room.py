"""The project of `tiny_room` with a dance of its performer: planned, aligned and previewed by its own code."""

import shutil
from pathlib import Path

import torch
from tiny_room import PERSON, SONG, make_room_project

from danceit_core.choreography.align import align, write_dance
from danceit_core.choreography.edits import Edit, read_edits
from danceit_core.choreography.library import COLUMNS
from danceit_core.choreography.movements import movements_of
from danceit_core.choreography.plan import Plan, read_plan, write_plan
from danceit_core.choreography.song import edit_plan, plan_song
from danceit_core.config import RetrievalSettings, SpatialSettings, TemporalSettings
from danceit_core.database.frames import open_frames
from danceit_core.database.table import read_database
from danceit_core.matcher.index import read_index
from danceit_core.matcher.model import load_matcher
from danceit_core.music.table import read_music_table
from danceit_core.place import Place
from danceit_core.pose.measure import Body

SETTINGS = RetrievalSettings(fragment_s=1.0)
PERFORMER = Body(height_px=300.0, torso_px=100.0, ground_y=450.0, centre_x=256.0)
SIZE = (512, 512)


def make_planned_room(folder: Path) -> Place:
    """A project with results and the dance of PERSON to SONG."""
    place = make_room_project(folder)
    plan = plan_song(read_music_table(place.music(SONG)), **_given(place))
    write_plan(_first(place), plan)
    shutil.copyfile(_first(place), place.plan(SONG))
    dance_plan(place, plan)
    return place


def dance_again(place: Place) -> Plan:
    """Plan and dance anew with the edits that the table has by now, as `danceit make` would."""
    given = _given(place)
    videos = {"dance_1": "pop", "dance_2": ""}
    edits = [
        Edit(**vars(edit)) for edit in read_edits(place.tables["edits"], songs=[SONG], styles=videos)
    ]  # fmt: skip
    plan = read_plan(_first(place))
    if edits:
        database = given.pop("database")
        plan = edit_plan(plan, edits, read_music_table(place.music(SONG)), database, styles=videos, **given)
    write_plan(place.plan(SONG), plan)
    dance_plan(place, plan)
    return plan


def dance_plan(place: Place, plan: Plan) -> None:
    """Write the poses of a plan and its preview, here a picture of one of the dances."""
    music, frames = read_music_table(place.music(SONG)), open_frames(place.results / "database")
    made = align(
        plan,
        movements_of(plan, frames),
        target=PERFORMER,
        size=SIZE,
        beats_s=music.beats.times_s,
        fps=music.fps,
        spatial=SpatialSettings(),
        temporal=TemporalSettings(),
    )
    write_dance(place.poses(PERSON, SONG), made, fps=music.fps, size=SIZE)
    preview = place.preview(PERSON, SONG)
    preview.parent.mkdir(parents=True, exist_ok=True)
    partial = preview.with_name(".partial.mp4")
    shutil.copyfile(place.frames("dance_1"), partial)
    partial.replace(preview)


def _given(place: Place) -> dict:
    """What planning reads."""
    database = read_database(place.results / "database" / "1s.parquet", columns=COLUMNS)
    folder = place.results / "matcher" / "1s"
    return {
        "database": database,
        "matcher": load_matcher(folder / "matcher.pt", device=torch.device("cpu")),
        "index": read_index(folder / "index.json", database=database),
        "settings": SETTINGS,
        "beat_kind": "min",
    }


def _first(place: Place) -> Path:
    return place.plan(SONG).with_name(f"{SONG}.first.parquet")
