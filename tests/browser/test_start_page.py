"""The start page as its user sees it: files by choice and by drop, a run that is made and one that fails, two tabs."""

import pytest
from screens import DESK, PHONE
from tiny_room import Room, write_project
from tiny_study import make_videos
from tiny_workflow import make_workflow

from danceit_core.new_project import create_project

# How often a large page is loaded.
LOOKS = 5


@pytest.fixture
def serve(chromium):
    """Starts the room of a project."""
    rooms = []

    def start(place_or_folder, **options):
        rooms.append(Room(place_or_folder, **options))
        return rooms[-1]

    yield start
    for room in rooms:
        room.stop()


@pytest.fixture
def show(chromium):
    """Opens a page of a room in a browser of its own; nothing may have gone wrong in it at the end."""
    contexts, faults = [], []

    def open_(room, path="/", *, kind=DESK, dark=False):
        context = chromium.new_context(**kind, color_scheme="dark" if dark else "light")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: message.type == "error" and faults.append(message.text))
        page.goto(f"http://{room.host}{path}")
        page.wait_for_function("() => document.body.dataset.ready")
        return page

    open_.faults = faults
    yield open_
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")
    videos, songs = make_videos(folder)
    (folder / "notes.mp4").write_text("not a video\n")
    return {"dance": videos["full"]["song"], "song": songs["song"], "notes": folder / "notes.mp4"}


def zone(page, name):
    return page.get_by_role("group", name=name)


def test_from_nothing_to_a_whole_project_by_keyboard_and_drop(serve, show, check_access, media, tmp_path):
    page = show(serve(create_project(tmp_path / "my")))
    page.get_by_role("heading", name="Start with three things").wait_for()
    check_access(page)
    videos = zone(page, "Dance videos")
    videos.get_by_label("Choose videos").set_input_files([media["dance"], media["notes"]])
    videos.get_by_text("added as full").wait_for()
    videos.get_by_text("not taken: no video").wait_for()
    page.get_by_text("Still missing: a song and a person who dances.").wait_for()
    # A file that is dropped; the browser's own data transfer.
    data = page.evaluate_handle(
        """bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "tune.wav"));
            return data;
        }""",
        list(media["song"].read_bytes()),
    )
    zone(page, "Songs").dispatch_event("drop", {"dataTransfer": data})
    zone(page, "Songs").get_by_text("added as tune").wait_for()
    persons = zone(page, "Persons who dance")
    persons.get_by_label("Choose persons").set_input_files(media["dance"])
    page.get_by_text("Tick the box first").wait_for(state="attached")
    assert not (tmp_path / "my" / "uploads" / "persons").exists()
    persons.get_by_role("checkbox").focus()
    page.keyboard.press("Space")
    persons.get_by_label("Choose persons").set_input_files(media["dance"])
    persons.get_by_text("added as full").wait_for()
    page.get_by_text("1 song, 1 person, 1 dance video").wait_for()
    page.get_by_role("button", name="Make the draft of tune with full_2").wait_for()
    check_access(page)
    # What the browser itself says of the answer 422.
    assert len(show.faults) == 1
    show.faults.clear()


def test_a_draft_is_made_and_a_failure_is_a_line_in_two_tabs(serve, show, check_access, tmp_path):
    place = make_workflow(tmp_path, wait_s=20)
    room = serve(place.folder, workflow=place.workflow)
    page, other = show(room), show(room, kind=PHONE, dark=True)
    page.get_by_role("button", name="Make the draft of bad with ann").press("Enter")
    page.get_by_role("dialog").get_by_text("2 steps").wait_for()
    check_access(page)
    page.keyboard.press("Enter")
    running = "Making the draft of bad with ann"
    page.get_by_role("region", name="Run in progress").get_by_text(running).wait_for()
    other.get_by_role("region", name="Run in progress").get_by_text(running).wait_for()
    # Loaded again in the middle, it knows of the run.
    page.reload()
    page.get_by_role("region", name="Run in progress").get_by_text("of 2 steps").wait_for()
    check_access(page)
    (place.workflow / "wait").write_text("0")
    for one in (page, other):
        one.get_by_text("this song has no beat; choose another").first.wait_for()
    page.get_by_role("button", name="Make the draft of one with ann").click()
    page.get_by_role("button", name="Start").click()
    for one in (page, other):
        one.get_by_text("Draft ready").wait_for()
    check_access(other)
    # The made "video" is a text, which the browser cannot show.
    show.faults.clear()


def test_cancelled_from_the_keyboard(serve, show, tmp_path):
    place = make_workflow(tmp_path, wait_s=600)
    page = show(serve(place.folder, workflow=place.workflow))
    page.get_by_role("button", name="Make the draft of one with ann").press("Enter")
    page.get_by_role("button", name="Start").press("Enter")
    cancel = page.get_by_role("region", name="Run in progress").get_by_role("button")
    cancel.press("Enter")
    page.get_by_text("was cancelled. Finished steps stay; the rest starts again next time.").wait_for(state="attached")
    assert page.get_by_role("button", name="Make the draft of one with ann").is_enabled()
    show.faults.clear()  # pictures of files that are none


@pytest.mark.parametrize(("kind", "dark"), [(DESK, False), (PHONE, True)])
def test_a_large_project_is_there_within_a_second(serve, show, check_access, tmp_path, kind, dark):
    folder = tmp_path / "my"
    folder.mkdir()
    (folder / "file").write_text("-")
    tables = {
        "videos": "video\tpath\n" + "".join(f"dance_{n}\t{folder}/file\n" for n in range(1000)),
        "songs": "song\tpath\n" + "".join(f"song_{n}\t{folder}/file\n" for n in range(50)),
        "targets": "target\tpath\tconsent\n" + "".join(f"person_{n}\t{folder}/file\tyes\n" for n in range(20)),
    }
    place = write_project(folder, tables)
    for person in range(20):
        for song in range(0, 50, 3):
            path = place.draft(f"person_{person}", f"song_{song}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("-")
    room = serve(folder)
    show(room)  # the server has read the tables
    page = show(room, kind=kind, dark=dark)
    # What else the machine does is not the page's: the best of some loads, and the processor time of the last.
    meter = page.context.new_cdp_session(page)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})
    painted_ms = []
    for _ in range(LOOKS):
        page.reload()
        page.wait_for_function("() => document.body.dataset.ready")
        page.get_by_text("Draft ready").first.wait_for()
        painted_ms.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    metrics = {entry["name"]: entry["value"] for entry in meter.send("Performance.getMetrics")["metrics"]}
    print(f"first paint {min(painted_ms):.0f} ms, {metrics['TaskDuration']:.2f} s of processor time")
    assert min(painted_ms) < 1000
    assert metrics["TaskDuration"] < 1.0
    # What is not in view is not drawn.
    assert page.locator("#songs td").count() == 1000
    assert page.locator("#songs td button").count() < 600
    assert page.evaluate("document.documentElement.scrollWidth") <= kind["viewport"]["width"]
    check_access(page)
    show.faults.clear()  # pictures of files that are none
