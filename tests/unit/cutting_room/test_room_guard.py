"""The room's real server before whoever means it ill: other sites and names, hostile folders, paths in every route."""

import re
import socket
import urllib.parse

import pytest
from tiny_room import ROOT, Room, serving_room, write_project
from tiny_study import Voter

from danceit_core.cutting_room.server import make_room, open_room
from danceit_core.errors import ServerError
from danceit_core.place import open_place

SECRET = "the secret of somebody else"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A project that was put together to lead out of its folder."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.mp4").write_text(SECRET)
    (outside / "report.html").write_text(SECRET)
    folder = tmp_path_factory.mktemp("in") / "a & 'b' $(touch c)"
    folder.mkdir()
    (folder / "file").write_text("-")
    results = folder / "results"
    for link in ("videos/ann/one.mp4", "draft/ann/one.mp4", "preview/ann/one.mp4", "frames/dance.mp4", "report.html"):
        (results / link).parent.mkdir(parents=True, exist_ok=True)
        (results / link).symlink_to(outside / ("report.html" if link.endswith("html") else "secret.mp4"))
    tables = {
        "videos": f'video\tpath\tstyle\ndance\t"{folder}/file"\t<img src=x onerror=alert(1)>\n',
        "songs": f'song\tpath\tstyle\none\t"{folder}/file"\t<img src=x onerror=alert(1)>\n',
        "targets": f'target\tpath\tconsent\nann\t"{folder}/file"\tyes\n',
    }
    write_project(folder, tables)
    return folder


@pytest.fixture(scope="module")
def server(folder):
    with serving_room(folder) as running:
        yield running


@pytest.fixture
def voter(server):
    return Voter(server.host)


def raw(server, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def own(voter):
    return JSON | {"Origin": f"http://{voter.host}"}


def routes():
    """Method and path of each route of the room."""
    room = make_room(open_place(None, workflow=ROOT), hosts=())
    return [(method, route.path) for route in room.app._app.routes for method in sorted(route.methods - {"HEAD"})]


def test_other_sites_get_nothing(voter):
    for method, route in routes():
        path = re.sub(r"\{[^}]*\}", "1", route)
        for site in ("cross-site", "same-site"):
            headers = own(voter) | {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
            assert voter.ask(method, path, b"{}" if method == "POST" else None, headers)[0] == 403, path
        if method == "POST":
            for origin in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}):
                assert voter.ask(method, path, b"{}", JSON | origin)[0] == 403, path
    # A link from elsewhere may lead here.
    there = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert voter.ask("GET", "/", headers=there)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "[::2]", ""])
def test_names_that_lead_here_by_somebody_s_dns_are_refused(server, host):
    for path in ("/", "/api/project", "/api/events", "/report.html"):
        answer = raw(server, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert re.match(rb"HTTP/1.1 4(21|00)", answer)
        assert SECRET.encode() not in answer


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_it_listens_on_this_machine_only(folder, host):
    with pytest.raises(ServerError, match="opens the project to a network") as caught:
        open_room(open_place(folder, workflow=ROOT), host=host, port=0, browser=False)
    assert "\n" not in str(caught.value)


PATHS = [
    "..", "../../config.yaml", "%2e%2e%2f%2e%2e%2fconfig.yaml", "..%5c..", "/etc/passwd", "%2fetc%2fpasswd", "%00",
    "a%00b", "<script>alert(1)</script>", "$(touch%20x)", "`id`", "%0d%0aSet-Cookie:x=1", "x" * 5000, "%ff%fe",
    "one/../one", ".",
]  # fmt: skip


def test_no_path_gets_through_any_parameter(server, folder):
    before = sorted(folder.rglob("*"))
    for method, route in routes():
        if method != "GET" or "{" not in route:
            continue
        for name in re.findall(r"\{(\w+)(?::\w+)?\}", route):
            for text in PATHS:
                path = re.sub(rf"\{{{name}(:\w+)?\}}", lambda _, text=text: text, route)
                path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: GOOD.get(found[1], "1"), path).replace(" ", "%20")
                answer = raw(
                    server, f"GET {path} HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n\r\n".encode()
                )
                assert re.match(rb"HTTP/1.1 4\d\d", answer), (path, answer[:200])
                assert b"set-cookie" not in answer.lower().partition(b"\r\n\r\n")[0]
                assert b"touch c" not in answer, path
                assert b"<script>" not in answer
    assert sorted(folder.rglob("*")) == before


GOOD = {
    "person": "ann",
    "song": "one",
    "video": "dance",
    "kind": "video",
    "ms": "0",
    "number": "0",
    "name": "style.css",
}


@pytest.mark.parametrize("asked", ["person=..&song=one", "person=ann&song=../one", "person=ann&song=", "song=one", ""])
def test_no_path_gets_through_a_question(voter, asked):
    status, _, text = voter.ask("GET", f"/api/forecast?{asked}&what=draft")
    assert (status, b"\n" in text) == (400, False)
    values = dict.fromkeys(("person", "song"), "") | dict(urllib.parse.parse_qsl(asked)) | {"what": "draft"}
    assert voter.ask("POST", "/api/runs", values, own(voter))[0] == 400
    assert (
        voter.ask("POST", "/api/runs", {"person": "ann", "song": "one", "what": "draft; touch x"}, own(voter))[0] == 400
    )
    assert voter.ask("POST", "/api/runs", {"person": "ann", "song": ["one"], "what": "draft"}, own(voter))[0] == 400
    assert (
        voter.ask("POST", "/api/runs", {"person": "ann", "song": "one", "what": "all", "targets": "/"}, own(voter))[0]
        == 400
    )


def test_links_out_of_the_results_are_not_followed(voter):
    project = voter.json("GET", "/api/project")
    assert project["songs"][0]["style"] == "<img src=x onerror=alert(1)>"
    addresses = [*project["cells"][0]["made"].values(), "/report.html", "/frames/dance.mp4", "/thumbnails/dance/0.jpg"]
    for address in addresses:
        status, _, content = voter.ask("GET", address)
        assert (status, SECRET.encode() in content) == (404, False), address


def test_the_pages_hold_a_hostile_name_as_text(voter):
    page = voter.ask("GET", "/")[2].decode()
    assert "a &amp; &#39;b&#39; $(touch c)" in page
    assert "a & 'b'" not in page


def test_every_answer_bears_the_headers_that_keep_scripts_out(voter):
    for path in ("/", "/explorer", "/songs/one", "/pages/start/main.js", "/api/project", "/nothing"):
        _, headers, _ = voter.ask("GET", path)
        policy = dict(entry.strip().split(" ", 1) for entry in headers["content-security-policy"].split(";"))
        assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
        assert "unsafe" not in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["cross-origin-resource-policy"]) == (
            "nosniff",
            "same-origin",
        )


def test_the_report_s_own_scripts_run_apart(tmp_path):
    place = write_project(tmp_path / "my", dict.fromkeys(("videos", "songs", "targets"), ""))
    place.results.mkdir()
    (place.results / "report.html").write_text("<script>fetch('/api/project')</script>")
    with serving_room(tmp_path / "my") as running:
        _, headers, content = Voter(running.host).ask("GET", "/report.html")
    assert content.startswith(b"<script>")
    policy = dict(entry.strip().split(" ", 1) for entry in headers["content-security-policy"].split(";"))
    # Without allow-same-origin it is nobody's page; what it may load is in it.
    assert "allow-same-origin" not in policy["sandbox"]
    assert (policy["default-src"], policy["connect-src"], policy["form-action"]) == ("'none'", "data: blob:", "'none'")


def test_large_and_odd_bodies_are_refused(server, voter):
    assert voter.ask("POST", "/api/runs", b"x" * 70_000, own(voter))[0] == 413
    for body in (b"", b"{", b"[" * 60_000, b"[]", b"null", b"{}", b"\xff\xfe", b'{"person": NaN}'):
        assert voter.ask("POST", "/api/runs", body, own(voter))[0] == 400
        assert voter.ask("POST", "/api/runs/cancel", body, own(voter))[0] == 400
    assert voter.ask("POST", "/api/runs/cancel", {"id": "no"}, own(voter))[0] == 409
    assert (
        voter.ask("POST", "/api/runs", {}, {"Origin": f"http://{voter.host}", "Content-Type": "text/plain"})[0] == 415
    )


def test_a_port_in_use_is_one_line(server, folder):
    with pytest.raises(ServerError, match=r"^127\.0\.0\.1 port \d+: Address already in use; choose another[^\n]*$"):
        open_room(open_place(folder, workflow=ROOT), port=server.port, browser=False)
    assert Room.command(server)[-1] == str(server.port)
