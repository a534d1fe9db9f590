"""What servers share: reading JSON, numbers and names, serving files and pages, listening."""

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from danceit_core.errors import ServerError
from danceit_core.web.answers import number, one_of, quote, read_json, read_texts, serve_file
from danceit_core.web.listening import is_loopback, listen, typed_host
from danceit_core.web.pages import static_files


def request(body: bytes, **params: str) -> Request:
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": [], "path_params": params}, receive)


def read(reader, body):
    return asyncio.run(reader(request(body), ("a", "b")))


def test_json_with_exactly_these_keys():
    assert read(read_json, b'{"a": [1], "b": null}') == {"a": [1], "b": None}
    assert read(read_texts, b'{"a": "x", "b": ""}') == {"a": "x", "b": ""}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"a"', b'{"a": 1}', b'{"a": 1, "b": 2, "c": 3}', b'{"a": NaN, "b": 1}',
     b'{"a": 1, "b": Infinity}', b"[" * 100_000, b"\xff\xfe\x00"],
)  # fmt: skip
def test_other_bodies_are_refused(body):
    with pytest.raises(HTTPException) as caught:
        read(read_json, body)
    assert caught.value.status_code == 400
    assert "\n" not in caught.value.detail


def test_texts_are_texts():
    with pytest.raises(HTTPException, match="expected texts"):
        read(read_texts, b'{"a": "x", "b": 1}')


@pytest.mark.parametrize(("value", "expected"), [("1.5", 1.5), (2, 2.0), ("inf", float("inf")), ("0", 0.0)])
def test_numbers(value, expected):
    assert number(value) == expected


@pytest.mark.parametrize("value", ["x", "nan", -1, None, True, [], {}, "1" * 5000, 10**400])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(HTTPException, match=r"is not a number from 0 to 10"):
        number(value, most=10)


def test_names_are_looked_up_and_quoted_briefly():
    assert one_of("a", {"a"}, what="song") == "a"
    for name in ("b", None, 3, ["a"], "<script>" * 99, "\n"):
        with pytest.raises(HTTPException, match="unknown song ") as caught:
            one_of(name, {"a"}, what="song", status=404)
        assert caught.value.status_code == 404
        assert len(caught.value.detail) < 60
        assert caught.value.detail.isprintable()
    assert quote("\N{SNOWMAN}\n") == r"'\u2603\n'"


def test_files_not_links_and_a_tag_that_changes_with_them(tmp_path):
    path = tmp_path / "a.mp4"
    with pytest.raises(HTTPException, match="is not there"):
        serve_file(path, media_type="video/mp4")
    path.write_bytes(b"one")
    first = serve_file(path, media_type="video/mp4").headers["etag"]
    path.write_bytes(b"other")
    assert serve_file(path, media_type="video/mp4").headers["etag"] != first
    assert serve_file(path, media_type="video/mp4", tag="t").headers["etag"] == '"t"'
    (tmp_path / "link.mp4").symlink_to(path)
    for other in (tmp_path / "link.mp4", tmp_path):
        with pytest.raises(HTTPException, match="only files that the workflow wrote"):
            serve_file(other, media_type="video/mp4")


def test_static_files_are_those_of_the_folders_and_nothing_else(tmp_path):
    (tmp_path / "pages" / "song").mkdir(parents=True)
    (tmp_path / "pages" / "song" / "a.js").write_text("own")
    (tmp_path / "pages" / "style.css").write_text("own")
    (tmp_path / "pages" / "page.html").write_text("{{ secret }}")
    (tmp_path / "outside.js").write_text("no")
    serve = static_files([tmp_path / "pages"]).endpoint
    assert serve(request(b"", name="song/a.js")).path == tmp_path / "pages" / "song" / "a.js"
    # A folder's own file stands before the base's of the same name.
    assert serve(request(b"", name="style.css")).path == tmp_path / "pages" / "style.css"
    assert serve(request(b"", name="icon.svg")).media_type == "image/svg+xml"
    for name in ("page.html", "../outside.js", "song", "", "song/../style.css", "/etc/passwd"):
        with pytest.raises(HTTPException, match="no such file"):
            serve(request(b"", name=name))


def test_listening_on_this_machine():
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "192.0.2.1", "example.org", "")] == [False] * 5
    assert (typed_host("::1"), typed_host("127.0.0.1")) == ("[::1]", "127.0.0.1")
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(
            ServerError, match=rf"^127\.0\.0\.1 port {port}: .*; choose another with --host and --port$"
        ):
            listen("127.0.0.1", port)
    with pytest.raises(ServerError, match="ports are numbered up to 65535"):
        listen("127.0.0.1", 65536)
