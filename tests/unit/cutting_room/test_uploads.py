"""Files sent to the room's real server: taken, checked, refused, broken off; nothing lands where it should not."""

import asyncio
import io
import json
import os
import socket
import subprocess
import time
import urllib.parse

import numpy as np
import pytest
import soundfile
from PIL import Image
from starlette.requests import Request
from tiny_room import ROOT, serving_room
from tiny_study import SIDE, Voter

from danceit_core.cutting_room import uploads
from danceit_core.cutting_room.uploads import PART, Uploads
from danceit_core.media.video import VideoWriter
from danceit_core.new_project import create_project
from danceit_core.place import open_place
from danceit_core.tsv import read_cells


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """A video of two seconds, a song, a photograph, a text."""
    folder = tmp_path_factory.mktemp("media")
    with VideoWriter(folder / "film.mp4", fps=24, size=(SIDE, SIDE), crf=30) as writer:
        for number in range(48):
            writer.write(np.full((SIDE, SIDE, 3), number, np.uint8))
    soundfile.write(folder / "song.wav", np.sin(np.arange(96000) / 20) * 0.3, 48000)
    picture = io.BytesIO()
    Image.new("RGB", (64, 96), "red").save(picture, "JPEG")
    return {
        "film": (folder / "film.mp4").read_bytes(),
        "song": (folder / "song.wav").read_bytes(),
        "photograph": picture.getvalue(),
        "text": b"not a video\n" * 100,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An empty project whose name a shell and a page could take apart."""
    return create_project(tmp_path_factory.mktemp("in") / "it's & $(touch y) \"")


@pytest.fixture(scope="module")
def server(folder):
    with serving_room(folder) as running:
        yield running


@pytest.fixture
def voter(server):
    return Voter(server.host)


def send(voter, body, **query):
    headers = {"Content-Type": "application/octet-stream", "Origin": f"http://{voter.host}"}
    status, _, text = voter.ask("POST", f"/api/uploads?{urllib.parse.urlencode(query)}", body, headers)
    assert b"\n" not in text
    return status, text.decode()


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in (folder / "uploads").rglob("*") if path.is_file())


def test_a_whole_project_from_a_page(voter, folder, media):
    project = voter.json("GET", "/api/project")
    assert (project["fault"], project["songs"], project["persons"], project["cells"]) == ("", [], [], [])
    status, text = send(voter, media["film"], kind="videos", name="Mein Tanz.MP4")
    assert (status, json.loads(text)) == (200, {"kind": "videos", "id": "Mein_Tanz"})
    assert send(voter, media["song"], kind="songs", name="été.wav")[0] == 200
    assert send(voter, media["film"], kind="persons", name="ann.mp4") == (
        400,
        "confirm that this person has agreed to be shown dancing",
    )
    assert send(voter, media["film"], kind="persons", name="ann.mp4", consent="yes")[0] == 200
    assert send(voter, media["photograph"], kind="persons", name="bo.jpg", consent="yes")[0] == 200
    assert files(folder) == [
        "uploads/persons/ann.mp4", "uploads/persons/bo.jpg", "uploads/songs/ete.wav", "uploads/videos/Mein_Tanz.mp4",
    ]  # fmt: skip
    # What the workflow reads.
    loaded = open_place(folder, workflow=ROOT).load()
    assert list(loaded.targets.index) == ["ann", "bo"]
    assert loaded.targets.at["ann", "path"] == str(folder / "uploads/persons/ann.mp4")
    project = voter.json("GET", "/api/project")
    assert project["fault"] == ""
    assert {(cell["person"], cell["song"], cell["state"]) for cell in project["cells"]} == {
        ("ann", "ete", "none"), ("bo", "ete", "none"),
    }  # fmt: skip
    assert [person["photograph"] for person in project["persons"]] == [False, True]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../../up.mp4", "up"), ("/etc/passwd.mp4", "etc_passwd"), ('a";$(touch x)`id`<b>.mp4', "a_touch_x_id_b"),
     ("CON.mp4", "CON_2"), ("...mp4", "video"), ("\x00\n\t.mp4", "video_2"), ("x" * 3000 + ".mp4", "x" * 60)],
)  # fmt: skip
def test_hostile_names_become_names_of_our_own(voter, folder, media, name, kept):
    before = files(folder)
    status, text = send(voter, media["film"], kind="videos", name=name)
    assert status == 200, text
    assert set(files(folder)) - set(before) == {f"uploads/videos/{kept}.mp4"}
    assert not (folder.parent / "up.mp4").exists()
    # What the table says of it.
    row_id, path = read_cells(folder / "videos.tsv", remedy="")[-1][1]
    assert path == str(folder / f"uploads/videos/{kept}.mp4")
    assert row_id == kept


@pytest.mark.parametrize(
    ("kind", "name", "body", "status", "message"),
    [("videos", "a.mp4", "text", 422, "no video"), ("songs", "a.mp3", "text", 422, "no sound"),
     ("songs", "a.mp4", "film", 422, "no sound"), ("videos", "a.jpg", "photograph", 415, "does not end with"),
     ("videos", "a.exe", "film", 415, "does not end with"), ("videos", "mp4", "film", 415, "does not end with"),
     ("videos", "", "film", 415, "does not end with"), ("targets", "a.mp4", "film", 400, "unknown kind of file"),
     ("../videos", "a.mp4", "film", 400, "unknown kind of file")],
)  # fmt: skip
def test_what_does_not_serve_is_refused_in_a_line_and_leaves_nothing(
    voter, folder, media, kind, name, body, status, message
):
    before, tables = files(folder), [(folder / f"{table}.tsv").read_text() for table in ("videos", "songs")]
    found = send(voter, media[body], kind=kind, name=name)
    assert (found[0], message in found[1]) == (status, True), found
    assert str(folder) not in found[1]
    assert files(folder) == before
    assert [(folder / f"{table}.tsv").read_text() for table in ("videos", "songs")] == tables


def head(server, length, *, kind="videos"):
    return (
        f"POST /api/uploads?kind={kind}&name=a.mp4 HTTP/1.1\r\nHost: {server.host}\r\nOrigin: http://{server.host}\r\n"
        f"Content-Type: application/octet-stream\r\n{length}\r\n\r\n"
    ).encode()


def raw(server, *pieces: bytes, close: bool = False) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece)
        if close:
            return b""
        return connection.recv(65536)


def test_sizes_are_bounded_before_a_byte_is_read(server, folder):
    before = files(folder)
    assert b" 413 " in raw(server, head(server, f"Content-Length: {9 * 10**9}"))
    for length in (
        "Content-Length: -1",
        "Content-Length: 1e9",
        "Content-Length: " + "9" * 30,
        "Transfer-Encoding: chunked",
    ):
        assert b"HTTP/1.1 4" in raw(server, head(server, length))
    assert files(folder) == before


def test_an_upload_that_is_broken_off_leaves_nothing(server, folder, voter, media):
    before = files(folder)
    raw(server, head(server, "Content-Length: 500000"), b"x" * 100_000, close=True)
    # The server has noticed by the time that it has taken another one.
    assert send(voter, media["text"], kind="videos", name="a.mp4")[0] == 422
    for _ in range(50):
        if files(folder) == before:
            break
        time.sleep(0.1)
    assert files(folder) == before


def test_uploads_from_elsewhere_are_refused(voter, folder, media):
    before = files(folder)
    path, octets = "/api/uploads?kind=videos&name=a.mp4", {"Content-Type": "application/octet-stream"}
    own = {"Origin": f"http://{voter.host}"}
    for headers in ({"Origin": "https://evil.example"}, own | {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert voter.ask("POST", path, media["film"], octets | headers)[0] == 403
    # What a form can send.
    for kind in ("multipart/form-data; boundary=x", "text/plain", "application/json"):
        assert voter.ask("POST", path, media["film"], own | {"Content-Type": kind})[0] == 415
    assert files(folder) == before


def request_of(pieces, *, length, query=b"kind=videos&name=a.mp4"):
    """A request whose body comes in pieces; None: nothing comes any more."""
    waiting = list(pieces)

    async def receive():
        piece = waiting.pop(0) if waiting else None
        if piece is None:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": piece, "more_body": True}

    headers = [(b"content-length", str(length).encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": query, "headers": headers}, receive)


def test_an_upload_at_a_standstill_ends(tmp_path, monkeypatch):
    place = open_place(create_project(tmp_path / "my"), workflow=ROOT)
    monkeypatch.setattr(uploads, "LONGEST_SILENCE_S", 0.1)
    monkeypatch.setattr(uploads, "LONGEST_DRAIN_S", 0.1)
    with pytest.raises(Exception, match="came to a standstill") as caught:
        asyncio.run(Uploads(place).upload(request_of([b"x" * 10], length=1000)))
    assert caught.value.status_code == 408
    assert files(place.folder) == []


def test_the_disk_is_never_filled(tmp_path, monkeypatch):
    place = open_place(create_project(tmp_path / "my"), workflow=ROOT)
    monkeypatch.setattr(uploads, "KEPT_FREE", 10**18)
    with pytest.raises(Exception, match="stay free for the runs") as caught:
        asyncio.run(Uploads(place).upload(request_of([b"x" * 10], length=10)))
    assert caught.value.status_code == 507
    assert files(place.folder) == []


def test_a_folder_that_leads_elsewhere_is_not_written_to(tmp_path):
    place = open_place(create_project(tmp_path / "my"), workflow=ROOT)
    outside = tmp_path / "outside"
    outside.mkdir()
    (place.folder / "uploads").mkdir()
    (place.folder / "uploads" / "videos").symlink_to(outside)
    with pytest.raises(Exception, match="leads out of the project by a link") as caught:
        asyncio.run(Uploads(place).upload(request_of([b"x" * 10], length=10)))
    assert caught.value.status_code == 403
    assert list(outside.iterdir()) == []


def test_the_demo_takes_no_files_and_says_what_to_do():
    with pytest.raises(Exception, match="create a project of your own with `danceit new my`") as caught:
        asyncio.run(Uploads(open_place(None, workflow=ROOT)).upload(request_of([b"x"], length=1)))
    assert caught.value.status_code == 403


def test_what_a_killed_server_left_is_removed(tmp_path):
    place = open_place(create_project(tmp_path / "my"), workflow=ROOT)
    folder = place.folder / "uploads" / "videos"
    folder.mkdir(parents=True)
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, going_on, own = folder / f"{PART}{ended.pid}-00.mp4", folder / f"{PART}{os.getpid()}-00.mp4", folder / "a.mp4"
    for path in (left, going_on, own):
        path.write_bytes(b"-")
    Uploads(place)
    assert sorted(folder.iterdir()) == sorted([going_on, own])
