"""Corrections by ear: cells of songs.tsv and files of beats, checked as a run checks them; nothing else changes."""

import numpy as np
import pytest
import soundfile
from asking import ask
from tiny_room import SONG, write_project
from tiny_study import sweep

from danceit_core.cutting_room.lines import token_of
from danceit_core.cutting_room.server import make_room
from danceit_core.media.video import VideoWriter
from danceit_core.music.beat_files import read_beats
from danceit_core.music.hint import hint_of
from danceit_core.music.table import Beats, MusicTable, write_music_table

SECONDS, RATE_HZ = 20.0, 8000


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A video and a song, without anything made of them."""
    folder = tmp_path_factory.mktemp("sources")
    soundfile.write(folder / "song.wav", sweep(SECONDS)[::6], RATE_HZ)
    with VideoWriter(folder / "dance.mp4", fps=24, size=(64, 64), crf=30) as writer:
        for _ in range(48):
            writer.write(np.zeros((64, 64, 3), np.uint8))
    return folder


class Room:
    """The server of a project whose table of songs is given."""

    def __init__(self, folder, sources, songs) -> None:
        self.songs = folder / "songs.tsv"
        dance = sources / "dance.mp4"
        tables = {
            "videos": f"video\tpath\tstyle\ndance_1\t{dance}\tpop\n",
            "songs": f"song\tpath\n{SONG}\t{sources / 'song.wav'}\n",
            "targets": f"target\tpath\tconsent\nperformer\t{dance}\tyes\n",
        }
        self.place = write_project(folder, tables)
        self.songs.write_bytes(songs)
        self.app = make_room(self.place, hosts={"localhost"})

    def post(self, what, status=200, **values):
        values = {"token": token_of(self.songs), **values}
        answer = ask(self.app, "POST", f"/api/songs/{SONG}/{what}", values)
        assert answer.status == status, answer
        return answer.json if status in (200, 409) else answer.text

    def song(self):
        answer = ask(self.app, "GET", f"/api/songs/{SONG}")
        assert answer.status == 200, answer
        return answer.json

    def analysed(self, beats_s, seconds=SECONDS, start_s=0.0):
        times = np.asarray(beats_s) - start_s
        beats = Beats(times, 60 / float(np.median(np.diff(times))), place=np.arange(len(times)) % 4 + 1, meter=4)
        frames = round(seconds * 24)
        music = MusicTable(
            np.zeros((frames, 2), np.float32), np.zeros(frames, np.float32), beats, 24.0, "mfcc", seconds, silent=False
        )
        write_music_table(self.place.music(SONG), music)


@pytest.fixture
def room(tmp_path, sources):
    path = sources / "song.wav"
    return Room(tmp_path, sources, f"# mine\nsong\tpath\n{SONG}\t{path}\nother\t{path}\n".encode())


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_cells_change_and_nothing_else_does(tmp_path, sources, end, mark):
    path = sources / "song.wav"
    lines = ["# mine", "style\tsong\tpath\ttempo_bpm", f"pop\t{SONG}\t{path}", "# end", f'\tother\t"{path}"\t90']
    room = Room(tmp_path, sources, (mark + end.join(lines)).encode())
    told = room.post("correct", cells={"tempo_bpm": 100})
    assert told["table"]["tempo_bpm"] == "100"
    assert told["token"] == token_of(room.songs)
    after = [lines[0], lines[1], lines[2] + "\t100", *lines[3:]]
    assert room.songs.read_bytes() == (mark + end.join(after)).encode()
    room.post("correct", cells={"start_s": 1.5, "end_s": "9", "tempo_bpm": None})
    after[1:3] = [lines[1] + "\tstart_s\tend_s", lines[2] + "\t\t1.5\t9"]
    assert room.songs.read_bytes() == (mark + end.join(after)).encode()
    assert room.post("correct", cells={"meter": ""})["table"]["start_s"] == "1.5"
    assert room.songs.read_bytes() == (mark + end.join(after)).encode()


def test_what_a_run_would_refuse_is_not_written(room):
    before = room.songs.read_bytes()
    for cells, said in (
        ({"tempo_bpm": 900}, "songs.tsv line 3: column tempo_bpm is 900; a tempo is 30 to 300"),
        ({"start_s": 5, "end_s": 4}, "line 3: column start_s is 5 and column end_s 4"),
        ({"start_s": 5, "end_s": 5.2}, "an excerpt of 0.2 s"),
        ({"meter": 13}, "line 3: meter"),
        ({"meter": 2.5}, "meter is a whole number"),
        ({"tempo_bpm": "fast"}, "'fast' is not a number"),
        ({"tempo_bpm": -1}, "not a number from 0"),
        ({"path": "/etc/passwd"}, "cells is an object with some of the keys start_s, end_s, tempo_bpm, meter"),
    ):
        text = room.post("correct", 400, cells=cells)
        assert said in text, text
        assert "\n" not in text
        assert ".part" not in text
        assert room.songs.read_bytes() == before
    assert sorted(path.name for path in room.songs.parent.glob(".*")) == []
    assert ask(room.app, "POST", "/api/songs/none/correct", {"token": "x", "cells": {}}).status == 404


def test_a_table_that_was_changed_by_hand_is_left_alone(room):
    token = token_of(room.songs)
    room.songs.write_bytes(room.songs.read_bytes() + b"# later\n")
    before = room.songs.read_bytes()
    told = room.post("correct", 409, token=token, cells={"tempo_bpm": 100})
    assert "nothing was written" in told["error"]
    assert told["token"] == token_of(room.songs)
    assert room.post("beats", 409, token=token, action="clear")["token"] == told["token"]
    assert room.songs.read_bytes() == before
    room.songs.write_bytes(before.decode().encode("utf-16"))
    assert "is UTF-16 text" in room.post("correct", 400, cells={"tempo_bpm": 100})


def test_taps_in_an_excerpt_are_seconds_of_the_file(room):
    room.post("correct", cells={"start_s": 4})
    assert room.song()["duration_s"] == pytest.approx(16, abs=0.01)
    taps = 1.0 + 0.5 * np.arange(8)
    told = room.post("beats", action="taps", taps_s=taps.tolist())
    path = room.place.folder / "beats" / f"{SONG}.beats"
    assert told["table"]["beats"] == str(path)
    beats = read_beats(path)
    assert beats.tempo_bpm == pytest.approx(120, abs=0.01)
    assert np.abs(beats.times_s - 5.0).min() < 1e-3
    # The analysis takes them as they are, in seconds of the excerpt; and so does the page, before it.
    said = hint_of({}, beats=path).within(4.0, seconds=16.0, song=SONG).beats
    shown = room.song()
    np.testing.assert_allclose(shown["beats"]["times_s"][: len(said.times_s)], said.times_s, atol=1e-4)
    at = int(np.abs(said.times_s - 1.0).argmin())
    assert shown["beats"]["place"][at] == 1
    assert not shown["ready"]
    assert "tell no tempo" in room.post("beats", 400, action="taps", taps_s=[1, 2])
    room.post("beats", action="first", seconds=1.5)
    assert room.song()["beats"]["place"][at + 1] == 1
    room.post("beats", action="shift", seconds=-0.1)
    assert np.abs(np.array(room.song()["beats"]["times_s"]) - 0.9).min() < 1e-3
    told = room.post("beats", action="clear")
    assert told["table"]["beats"] == ""
    assert not path.exists()


def test_the_beats_that_were_found_are_doubled_and_halved(room):
    found = 0.5 + 0.6 * np.arange(30)
    room.analysed(found)
    shown = room.song()
    assert shown["ready"]
    assert shown["beats"]["tempo_bpm"] == 100
    assert room.post("beats", action="double")["table"]["beats"]
    assert room.song()["beats"]["tempo_bpm"] == 200
    room.post("beats", action="halve")
    np.testing.assert_allclose(room.song()["beats"]["times_s"], found, atol=1e-4)
    assert room.song()["beats"]["place"] == (np.arange(30) % 4 + 1).tolist()
    room.analysed(found + 0.01)  # with the given beats
    room.post("beats", action="clear")
    # What was analysed with given beats says nothing of those that would be found.
    assert not room.song()["ready"]
    room.analysed(found)
    assert room.song()["ready"]
    room.post("correct", cells={"start_s": 3})
    assert not room.song()["ready"]
    room.post("correct", cells={"start_s": 0})
    assert room.song()["ready"]
    room.post("beats", action="double")
    room.post("beats", action="clear")
    assert room.song()["ready"]


def test_without_beats_only_taps_give_any(room):
    for action in ("double", "halve"):
        assert "has no beats yet" in room.post("beats", 400, action=action)
    assert "has no beats yet" in room.post("beats", 400, action="shift", seconds=0.1)
    assert "unknown action" in room.post("beats", 400, action="burn")
    assert "is not a number" in room.post("beats", 400, action="first")
    assert not (room.place.folder / "beats").exists()
    # Of another part than was analysed the beats are not known.
    room.analysed(np.arange(0.5, 19, 0.5))
    room.post("correct", cells={"start_s": 2.25})
    assert not room.song()["ready"]
    assert room.song()["beats"]["times_s"] == []
    assert "has no beats yet" in room.post("beats", 400, action="double")


def test_a_beats_file_that_the_table_cannot_name_leaves_no_trace(room):
    room.post("beats", action="taps", taps_s=[1, 1.5, 2, 2.5])
    path = room.place.folder / "beats" / f"{SONG}.beats"
    before, table = path.read_bytes(), room.songs.read_bytes()
    videos = room.place.tables["videos"]
    good = videos.read_text()
    # Another table is at fault meanwhile.
    room.songs.write_bytes(table.replace(str(path).encode(), b"").replace(b"\tbeats", b""))
    kept = room.song()
    assert kept["table"]["beats"] == ""
    videos.write_text("video\tpath\nbad id\tx.mp4\n")
    answer = ask(
        room.app, "POST", f"/api/songs/{SONG}/beats",
        {"token": token_of(room.songs), "action": "taps", "taps_s": [2, 2.5, 3, 3.5]},
    )  # fmt: skip
    assert answer.status >= 400
    assert path.read_bytes() == before
    videos.write_text(good)
