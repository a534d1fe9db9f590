"""A real Chromium (the system's) over a real server; skipped, with the reason, where there is none."""

import shutil

import pytest
from screens import DESK
from tiny_room import make_room_project, serving_room
from tiny_study import make_study, serving


def pytest_terminal_summary(terminalreporter):
    """Says why the browser tests were skipped, also where pytest is asked for no reasons."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "tests/browser/" in report.nodeid]
    for reason in {report.longrepr[2] for report in skipped}:
        terminalreporter.write_line(f"tests/browser: {reason}")


@pytest.fixture(scope="module")
def chromium():
    """The browser; one a module, so that Playwright's event loop is gone when other tests run."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright: run `make test-browser`")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    make_study(folder, clips=2, clip_s=0.75, pairs=2)
    return folder


@pytest.fixture(scope="module")
def server(results, chromium):
    with serving(results) as running:
        yield running


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A project with results, for the cutting room."""
    return make_room_project(tmp_path_factory.mktemp("my"))


@pytest.fixture(scope="module")
def room(place, chromium):
    with serving_room(place.folder) as running:
        yield running


@pytest.fixture
def open_page(chromium, server):
    """Opens a page of the user study; see `opening`."""
    yield from opening(chromium, server)


@pytest.fixture
def open_room_page(chromium, room):
    """Opens a page of the cutting room; see `opening`."""
    yield from opening(chromium, room)


def opening(chromium, server):
    """Opens a page in a browser of its own (new cookies); at the end nothing may have gone wrong in any of them."""
    contexts, faults = [], []

    def open_(path="/", *, kind=DESK, dark=False):
        context = chromium.new_context(**kind, color_scheme="dark" if dark else "light")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: message.type in ("error", "warning") and faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("response", lambda answer: answer.status >= 400 and faults.append(f"{answer.status} {answer.url}"))
        page.goto(f"http://{server.host}{path}")
        return page

    open_.faults = faults
    yield open_
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def check_access(chromium):
    """Asserts that axe-core finds nothing on a page that keeps somebody out."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe: run `make test-browser`").Axe()

    def check(page):
        # The parts of a page that are shown are chosen by its script.
        page.locator("h1:visible").first.wait_for()
        found = axe.run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()

    return check
