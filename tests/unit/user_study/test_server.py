"""A real server on loopback: what it lets through, what it refuses, and that its addresses tell nothing."""

import json
import re
import socket
import subprocess
import sys
import time

import pytest
from tiny_study import VARIANTS, Server, Voter, environment, make_study, serving

from danceit_core.web.guard import Rate


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    make_study(folder)
    return folder


@pytest.fixture(scope="module")
def server(results):
    with serving(results) as running:
        yield running


@pytest.fixture
def voter(server):
    return Voter(server.host)


def run(*options):
    command = [sys.executable, "-m", "danceit_core.user_study", *map(str, options)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment(), timeout=60)


def raw(server, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def answer_all(voter, kind):
    state = voter.json("POST", "/api/start", {})
    while state["next"][kind]:
        task = state["next"][kind][0]["task"]
        choice = "realistic" if kind == "single" else "first"
        state = voter.json("POST", "/api/vote", {"task": task, "answer": choice})
    return state


def test_a_whole_session(server, voter):
    assert voter.json("GET", "/api/state") == {"started": False, "clip_s": 1.0, "totals": {"single": 9, "pair": 3}}
    state = voter.json("POST", "/api/start", {})
    assert state["left"] == {"single": 9, "pair": 3}
    assert [len(task["clips"]) for task in state["next"]["single"] + state["next"]["pair"]] == [1, 1, 2, 2]
    assert answer_all(voter, "single")["left"] == {"single": 0, "pair": 3}
    assert answer_all(voter, "pair")["left"] == {"single": 0, "pair": 0}
    # Another connection with the cookie: the same voter.
    again = Voter(server.host)
    again.cookie = voter.cookie
    assert again.json("GET", "/api/state")["left"] == {"single": 0, "pair": 0}
    status, headers, table = voter.ask("GET", "/votes.csv")
    assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert len(table.decode().splitlines()) >= 13
    page = voter.ask("GET", "/results")[2].decode()
    assert re.search(r"\d+ voters?\.", page)
    assert all(share in page for share in ("26.39 %", "53.33 %", "64.58 %"))


def test_an_answer_sent_twice_counts_once(voter):
    state = voter.json("POST", "/api/start", {})
    task = state["next"]["single"][0]["task"]
    left = [
        voter.json("POST", "/api/vote", {"task": task, "answer": a})["left"]["single"]
        for a in ("realistic", "unrealistic")
    ]
    assert left == [8, 8]


def test_clips_come_in_ranges(voter, results):
    clip = voter.json("POST", "/api/start", {})["next"]["single"][0]["clips"][0]
    status, headers, whole = voter.ask("GET", clip)
    assert (status, headers["content-type"], headers["accept-ranges"]) == (200, "video/mp4", "bytes")
    assert whole in {path.read_bytes() for path in (results / "user_study" / "clips").iterdir()}
    for asked, expected in {"bytes=0-1": whole[:2], "bytes=100-": whole[100:], "bytes=-7": whole[-7:]}.items():
        status, headers, part = voter.ask("GET", clip, headers={"Range": asked})
        assert (status, part) == (206, expected)
        assert headers["content-range"].endswith(f"/{len(whole)}")
    assert voter.ask("GET", clip, headers={"Range": f"bytes={len(whole)}-"})[0] == 416
    assert voter.ask("HEAD", clip)[2] == b""


def test_no_address_header_or_answer_tells_a_variant(server, voter, results):
    other = Voter(server.host)
    mine, theirs = (v.json("POST", "/api/start", {}) for v in (voter, other))
    told = json.dumps(mine)
    assert not any(variant in told for variant in (*VARIANTS, "stretch", "song"))
    assert not set(re.findall(r"/clips/\w+", told)) & set(re.findall(r"/clips/\w+", json.dumps(theirs)))
    clip = mine["next"]["single"][0]["clips"][0]
    assert re.fullmatch(r"/clips/[0-9a-f]{16}\.mp4", clip)
    _, headers, _ = voter.ask("GET", clip)
    assert headers["last-modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    # Nobody else's address, none without a cookie, none by the name on disk.
    assert other.ask("GET", clip)[0] == 404
    assert Voter(server.host).ask("GET", clip)[0] == 404
    assert [voter.ask("GET", f"/clips/{name:04d}.mp4")[0] for name in range(9)] == [404] * 9
    for path in ("/user_study/study.json", "/study.json", "/clips/study.json", "/votes.sqlite", "/pages/vote.html"):
        assert voter.ask("GET", path)[0] == 404


@pytest.mark.parametrize(
    "path",
    ["/pages/../server.py", "/pages/..%2fserver.py", "/pages/%2e%2e/server.py", "/clips/..%2f..%2fstudy.json.mp4",
     "/clips/../study.json", "//etc/passwd", "/clips/%00.mp4", "/pages/",
     "/pages/style.css%00.js", "/clips/<script>alert(1)</script>.mp4", "/%ff%fe"],
)  # fmt: skip
def test_no_path_gets_through(server, path):
    answer = raw(server, f"GET {path} HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n\r\n".encode())
    assert re.match(rb"HTTP/1.1 (404|400)", answer)
    assert b"<script>" not in answer
    assert b"content-security-policy" in answer or b" 400 " in answer


def test_every_answer_bears_the_headers_that_keep_scripts_out(voter):
    for path in ("/", "/results", "/pages/vote.js", "/pages/study.css", "/api/state", "/nothing"):
        _, headers, _ = voter.ask("GET", path)
        policy = dict(entry.strip().split(" ", 1) for entry in headers["content-security-policy"].split(";"))
        assert (policy["default-src"], policy["script-src"], policy["frame-ancestors"]) == (
            "'none'",
            "'self'",
            "'none'",
        )
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.1@evil.example", "localhost.:1"]
)
def test_other_names_are_refused(server, host):
    answer = raw(server, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert re.match(rb"HTTP/1.1 4(21|00)", answer)
    assert b"<html" not in answer


def test_two_hosts_or_none_are_refused(server):
    two = f"GET / HTTP/1.1\r\nHost: {server.host}\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    for request in (two, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"):
        assert re.match(rb"HTTP/1.1 4(21|00)", raw(server, request.encode()))


def test_a_proxy_nobody_spoke_of_is_refused(voter):
    for name in ("X-Forwarded-For", "Forwarded", "X-Forwarded-Host"):
        status, _, text = voter.ask("GET", "/results", headers={name: "192.0.2.1"})
        assert (status, b"--public-host" in text) == (403, True)


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"},
     {"Origin": "http://127.0.0.1"}],
)  # fmt: skip
def test_posts_from_elsewhere_are_refused(voter, headers):
    assert voter.ask("POST", "/api/start", {}, headers)[0] == 403
    assert not voter.cookie


def test_a_form_cannot_vote(voter):
    assert voter.ask("POST", "/api/start", b"a=b", {"Content-Type": "application/x-www-form-urlencoded"})[0] == 415
    assert voter.ask("POST", "/api/start", b"{}", {"Content-Type": "text/plain"})[0] == 415


def test_large_bodies_are_refused_with_or_without_a_length(server, voter):
    assert voter.ask("POST", "/api/start", b"x" * 3000)[0] == 413
    head = f"POST /api/start HTTP/1.1\r\nHost: {server.host}\r\nOrigin: http://{server.host}\r\n"
    head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert b" 413 " in raw(
        server, head.encode() + b"400\r\n" + b"x" * 1024 + b"\r\n" + (b"400\r\n" + b"x" * 1024 + b"\r\n") * 3
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[" * 2000, 400), (b"[]", 400), (b"null", 400), ({}, 400), (b"\xff\xfe", 400),
     ({"task": 1, "answer": "x"}, 400), ({"task": "a", "answer": "realistic", "voter": "b"}, 400),
     ({"task": "0" * 16, "answer": "realistic"}, 404)],
)  # fmt: skip
def test_bad_votes_are_refused(voter, body, status):
    assert voter.ask("POST", "/api/vote", body)[0] == 401
    state = voter.json("POST", "/api/start", {})
    assert voter.ask("POST", "/api/vote", body)[0] == status
    task = state["next"]["single"][0]["task"]
    assert voter.ask("POST", "/api/vote", {"task": task, "answer": "first"})[0] == 400
    assert voter.json("GET", "/api/state")["left"]["single"] == 9


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "GET"])
def test_other_methods_are_refused(voter, method):
    assert voter.ask(method, "/api/vote")[0] == 405


def test_made_up_cookies_are_nobody(voter):
    for cookie in ("voter=abc", "voter=abc.def", "voter=.", "voter=" + "0" * 32 + "." + "0" * 16, "voter=ä.ö"):
        voter.cookie = cookie.encode("latin-1").decode("latin-1")
        assert voter.json("GET", "/api/state")["started"] is False


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(voter):
    _, headers, _ = voter.ask("POST", "/api/start", {})
    assert {"httponly", "samesite=strict", "path=/"} <= set(headers["set-cookie"].lower().split("; "))


def test_who_votes_faster_than_anybody_looks_must_wait(voter):
    voter.ask("POST", "/api/start", {})
    answers = [voter.ask("POST", "/api/vote", {}) for _ in range(30)]
    refused = [headers for status, headers, _ in answers if status == 429]
    assert 5 <= len(refused) <= 10
    assert all(1 <= int(headers["retry-after"]) <= 2 for headers in refused)


def test_a_rate_lets_a_burst_through_then_so_many_a_second_for_each_key():
    rate = Rate(per_s=50, burst=5, keys=3)
    assert [rate.wait_s("a") == 0 for _ in range(7)] == [True] * 5 + [False] * 2
    assert rate.wait_s("b") == 0
    assert 0 < rate.wait_s("a") <= 1 / 50
    time.sleep(0.03)
    assert rate.wait_s("a") == 0
    for key in range(10):
        rate.wait_s(str(key))
    assert len(rate._level) == 3


def test_with_public_names_the_results_are_gone(results):
    with serving(results, "--public-host", "study.example") as server:
        voter = Voter(server.host)
        named = {"Host": "study.example", "Origin": "https://study.example", "X-Forwarded-Proto": "https"}
        assert voter.ask("GET", "/", headers=named)[0] == 200
        for path in ("/results", "/votes.csv"):
            assert voter.ask("GET", path, headers=named)[0] == 404
        assert voter.ask("GET", "/")[0] == 421
        status, headers, _ = voter.ask("POST", "/api/start", {}, named)
        assert (status, "secure" in headers["set-cookie"].lower()) == (200, True)
        said = server.stop()
        assert "results" not in said.replace(str(results), "")


def test_faults_of_the_command_line_are_one_line(server, results, tmp_path):
    faults = {
        (
            "--results",
            results,
            "--port",
            server.port,
        ): rf"error: 127\.0\.0\.1 port {server.port}: Address already in use; ",
        ("--results", results, "--port", 70000): r"error: port 70000: ports are numbered up to 65535; choose another",
        ("--results", results, "--host", "0.0.0.0"): r"error: --host 0\.0\.0\.0 opens the study to a network; add",
        ("--results", tmp_path): r"error: .*study\.json: no user study is prepared there; run `snakemake",
    }
    for options, message in faults.items():
        ended = run(*options)
        assert ended.returncode == 1
        assert re.match(message, ended.stderr)
        assert ended.stderr.count("\n") == 1


def test_a_port_is_free_again_after_the_server_was_killed(results):
    server = Server(results)
    Voter(server.host).json("GET", "/api/state")
    server.kill()
    server.start()
    assert Voter(server.host).json("GET", "/api/state")["started"] is False
    server.stop()
