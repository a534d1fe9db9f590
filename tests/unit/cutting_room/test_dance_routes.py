"""What the song's page asks for of a dance: clips, poses, videos, alternatives, edits, kept versions, thumbnails."""

import io
import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from asking import ask
from PIL import Image
from planned_room import dance_again, make_planned_room
from tiny_room import NO_EDITS, PERSON, SONG
from tiny_study import read_marks

from danceit_core.choreography.plan import read_plan
from danceit_core.cutting_room.edits import edited
from danceit_core.cutting_room.kept import MOST, keep, read_versions
from danceit_core.cutting_room.server import make_room
from danceit_core.files import write_text
from danceit_core.pose.table import read_pose_table

DANCE = f"/api/dances/{PERSON}/{SONG}"


class Asked:
    """The room of a danced project, asked as its pages ask it."""

    def __init__(self, folder) -> None:
        self.place = make_planned_room(folder)
        self.app = make_room(self.place, hosts={"localhost"})

    def get(self, address, status=200, **about):
        answer = ask(self.app, "GET", address, **about)
        assert answer.status == status, (address, answer.status, answer.body[:300])
        return answer

    def change(self, status=200, *, token=None, add=(), remove=()):
        token = token or self.get("/api/edits").json["token"]
        answer = ask(self.app, "POST", "/api/edits", {"token": token, "add": list(add), "remove": list(remove)})
        assert answer.status == status, answer
        return answer


@pytest.fixture(scope="module")
def danced(tmp_path_factory):
    return Asked(tmp_path_factory.mktemp("danced"))


@pytest.fixture
def room(danced):
    """Without edits, before and after."""
    yield danced
    write_text(danced.place.tables["edits"], NO_EDITS)


def pin(clip, fragment):
    """The line that chooses a fragment for a clip."""
    return {"song": SONG, "start_s": clip["start_s"], "end_s": clip["end_s"], "action": "pin", "value": fragment}


def test_a_dance_is_told_by_its_clips(room):
    told, plan = room.get(DANCE).json, read_plan(room.place.plan(SONG))
    clips = told["clips"]
    assert [clip["fragment"] for clip in clips] == plan.fragment_id.tolist()
    assert [clip["number"] for clip in clips] == list(range(len(plan)))
    assert clips[0]["start_s"] == 0
    assert clips[-1]["end_s"] == pytest.approx(plan.song_frames / 24, abs=1e-3)
    assert all(before["end_s"] == after["start_s"] for before, after in itertools.pairwise(clips))
    for clip, distance in zip(clips, plan.match_distance, strict=True):
        assert clip["match"] == pytest.approx(1 - distance**2 / 4, abs=1e-3)
        assert 0 <= clip["hits"] <= clip["beats"]
        assert clip["edits"] == []
    assert sum(clip["beats"] for clip in clips) >= 10
    assert clips[0]["seam"] is None
    assert all(0 < clip["seam"] <= 1 for clip in clips[1:])
    assert told["made"]["draft"] is None
    assert told["made"]["preview"]["made_at"] == pytest.approx(room.place.preview(PERSON, SONG).stat().st_mtime)
    assert not told["edited"]
    assert told["kept"] == []
    for name in (f"/api/dances/none/{SONG}", f"/api/dances/{PERSON}/none", "/api/dances/../edits"):
        assert "\n" not in room.get(name, 404).text


def test_with_the_plan_alone_clips_have_no_hits(room):
    poses = room.place.poses(PERSON, SONG)
    aside = poses.with_name("aside")
    poses.rename(aside)
    try:
        told = room.get(DANCE).json
        assert told["poses"] is None
        assert all(clip["hits"] is None and clip["seam"] is None for clip in told["clips"])
        assert "has no dance" in room.get(f"/dances/{PERSON}/{SONG}/poses", 404).text
    finally:
        aside.rename(poses)


def test_poses_and_videos_come_as_they_are(room):
    told, made = room.get(DANCE).json, read_pose_table(room.place.poses(PERSON, SONG))
    answer = room.get(told["poses"])
    frames = np.frombuffer(answer.body, "<f4").reshape(-1, 25, 3)
    np.testing.assert_array_equal(frames, made.keypoints)
    about = {name: answer.headers[f"x-{name}"] for name in ("frames", "fps", "width", "height")}
    assert about == {"frames": str(len(made)), "fps": "24", "width": "512", "height": "512"}
    preview = room.place.preview(PERSON, SONG).read_bytes()
    address = told["made"]["preview"]["address"]
    assert room.get(address).body == preview
    part = room.get(address, 206, headers={"range": "bytes=10-19"})
    assert part.body == preview[10:20]
    assert room.get(f"/dances/{PERSON}/{SONG}/draft.mp4", 404).text.count("\n") == 0
    assert "unknown video" in room.get(f"/dances/{PERSON}/{SONG}/passwd.mp4", 404).text


def test_an_alternative_can_be_chosen_and_is_danced(room):
    clip = room.get(DANCE).json["clips"][2]
    told = room.get(f"/api/songs/{SONG}/clips/2/alternatives").json
    assert told["clip"] == 2
    assert told["chosen"]["fragment"] == clip["fragment"]
    assert told["chosen"]["more"] == 0
    assert told["chosen"]["costs"]["match"] is not None
    shown = told["alternatives"]
    assert shown
    for one in shown:
        assert one["total"] == pytest.approx(sum(one["costs"].values()), abs=1e-3)
        assert one["more"] == pytest.approx(one["total"] - told["chosen"]["total"], abs=1e-3)
        assert one["source_end_s"] - one["source_s"] == pytest.approx(one["rate"] * 1.0, abs=1e-3)
    room.change(add=[pin(clip, shown[-1]["fragment"])])
    told = room.get(DANCE).json
    assert told["edited"]
    assert edited(room.place, SONG)
    assert told["clips"][2]["edits"] == [0]
    assert told["clips"][2]["fragment"] == clip["fragment"]  # until it is made again
    assert keep(room.place, PERSON, SONG)
    plan = dance_again(room.place)
    assert plan.fragment_id[2] == shown[-1]["fragment"]
    told = room.get(DANCE).json
    assert told["clips"][2]["fragment"] == shown[-1]["fragment"]
    assert not told["edited"]
    assert room.get(f"/api/songs/{SONG}/clips/2/alternatives").json["chosen"]["fragment"] == shown[-1]["fragment"]
    room.change(remove=told["edits"])
    assert room.get(DANCE).json["edited"]
    dance_again(room.place)
    assert not room.get(DANCE).json["edited"]
    for number in ("99", "-1", "x", "1" * 400):
        assert "clips, numbered from 0" in room.get(f"/api/songs/{SONG}/clips/{number}/alternatives", 404).text


def test_a_change_by_hand_is_noticed_and_not_overwritten(room):
    path, token = room.place.tables["edits"], room.get("/api/edits").json["token"]
    write_text(path, NO_EDITS + f"# mine\n{SONG}\t0\t2\tseed\t3\n")
    before = path.read_bytes()
    ban = {"song": SONG, "start_s": 1, "end_s": 3, "action": "ban", "value": "dance_1"}
    told = room.change(409, token=token, add=[ban]).json
    assert "nothing was written" in told["error"]
    assert [edit["value"] for edit in told["edits"]] == ["3"]
    assert path.read_bytes() == before
    told = room.change(token=told["token"], add=[ban]).json
    assert [edit["value"] for edit in told["edits"]] == ["3", "dance_1"]
    write_text(path, NO_EDITS + f"{SONG}\t0\t2\tburn\t3\n")
    answer = room.get("/api/edits", 409)
    assert "line 2: unknown action 'burn'" in answer.text
    told = room.change(409, token=told["token"], add=[ban])
    assert told.json["edits"] is None
    assert "burn" in told.json["error"]
    # The dance is shown all the same, and so are pictures.
    told = room.get(DANCE).json
    assert "unknown action 'burn'" in told["fault"]
    assert told["clips"]
    assert told["edits"] == []
    room.get("/thumbnails/dance_1/0.jpg")
    room.get(f"/api/songs/{SONG}")
    assert "burn" in room.change(400, token=told["token"], add=[ban]).text
    assert "burn" in room.get(f"/api/songs/{SONG}/clips/0/alternatives", 409).text


def test_what_no_run_would_take_is_refused(room):
    good = {"song": SONG, "start_s": 1, "end_s": 2, "action": "ban", "value": "dance_1"}
    for change, said in (
        ({"value": "dance_1:7"}, "the database has no fragment 'dance_1:7'"),
        ({"value": "../x"}, "unknown video"),
        ({"song": "none"}, "unknown song 'none'"),
        ({"start_s": 70, "end_s": 80}, "song ends at 6.00 s"),
        ({"start_s": "soon"}, "is not a number"),
        ({"action": "burn"}, "unknown action"),
        ({"action": "style", "value": "waltz"}, "no video has the style 'waltz'"),
        ({"value": 7}, "are texts"),
        ({"more": 1}, "an edit has the keys song, start_s, end_s, action, value"),
    ):
        text = room.change(400, add=[{**good, **change}]).text
        assert said in text, text
        assert "\n" not in text
    assert "no such line" in room.change(400, remove=[good]).text
    assert room.get("/api/edits").json["edits"] == []


def test_many_readers_and_one_writer_see_whole_tables(room):
    ban = {"song": SONG, "start_s": 1, "end_s": 2, "action": "ban", "value": "dance_1"}

    def read(_):
        return len(room.get("/api/edits").json["edits"])

    with ThreadPoolExecutor(8) as pool:
        counts = pool.map(read, range(40))
        for _ in range(8):
            room.change(add=[ban])
        assert set(counts) <= set(range(9))
    assert read(0) == 8


def test_versions_are_kept_before_they_are_overwritten(room):
    poses, preview = room.place.poses(PERSON, SONG), room.place.preview(PERSON, SONG)
    before, shown = poses.read_bytes(), preview.read_bytes()
    number = keep(room.place, PERSON, SONG)
    if number is None:  # the test before has kept this very version
        number = read_versions(room.place, PERSON, SONG)[0].number
    assert keep(room.place, PERSON, SONG) is None
    first = room.get(DANCE).json["clips"][0]
    room.change(add=[{**pin(first, first["fragment"]), "action": "ban"}])
    dance_again(room.place)
    assert poses.read_bytes() != before
    told = next(version for version in room.get(DANCE).json["kept"] if version["id"] == number)
    assert told["edits"] == []
    assert room.get(told["made"]["preview"]["address"]).body == shown
    assert told["made"]["video"] is None
    assert len(room.get(told["poses"]).body) == len(room.get(room.get(DANCE).json["poses"]).body)
    assert room.get(told["poses"]).body != room.get(room.get(DANCE).json["poses"]).body
    assert "is kept" in room.get(f"/dances/{PERSON}/{SONG}/poses?kept=77", 404).text
    assert "is kept" in room.get(f"/dances/{PERSON}/{SONG}/preview.mp4?kept=../x", 404).text
    for stamp in range(MOST + 2):
        os.utime(poses, (stamp, stamp))
        assert keep(room.place, PERSON, SONG)
    versions = read_versions(room.place, PERSON, SONG)
    assert len(versions) == MOST
    assert [version.number for version in versions] == sorted((v.number for v in versions), reverse=True)
    assert number not in [version.number for version in versions]
    assert keep(room.place, "nobody", SONG) is None


def test_links_out_of_the_results_are_not_followed(room, tmp_path):
    draft = room.place.draft(PERSON, SONG)
    draft.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    draft.symlink_to(tmp_path / "secret.mp4")
    assert "is a link" in room.get(f"/dances/{PERSON}/{SONG}/draft.mp4", 404).text
    draft.unlink()
    draft.mkdir()
    room.get(f"/dances/{PERSON}/{SONG}/draft.mp4", 404)
    draft.rmdir()


def test_thumbnails_are_the_pictures_at_their_times(room):
    for ms, frame in ((0, 0), (1000, 24), (2600, 60), (5750, 138)):
        answer = room.get(f"/thumbnails/dance_2/{ms}.jpg")
        assert answer.headers["content-type"] == "image/jpeg"
        picture = Image.open(io.BytesIO(answer.body))
        assert picture.height == 160
        assert read_marks(np.asarray(picture.resize((96, 96)))) == (frame, 2)
    last = room.get("/thumbnails/dance_2/999000.jpg").body
    assert read_marks(np.asarray(Image.open(io.BytesIO(last)).resize((96, 96))))[0] == 143
    assert room.get(f"/thumbnails/{PERSON}/500.jpg").body  # from the file: it has no frame store yet
    folder = room.place.results / "cutting_room" / "thumbnails" / "dance_2"
    assert len(list(folder.iterdir())) == 1
    store = room.place.frames("dance_2")
    os.utime(store, (1, 1))
    room.get("/thumbnails/dance_2/0.jpg")
    assert len(list(folder.iterdir())) == 1
    for address in ("/thumbnails/none/0.jpg", "/thumbnails/..%2f..%2fx/0.jpg", "/thumbnails/dance_2/-5.jpg"):
        assert room.get(address, 404).text.count("\n") == 0
