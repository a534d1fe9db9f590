"""The explorer as its user sees it: filter, play, pin, ban, take out."""

import pytest
from screens import DESK, PHONE
from tiny_room import NO_EDITS


@pytest.fixture
def table(place):
    path = place.tables["edits"]
    path.write_text(NO_EDITS)
    return path


def total(page, text):
    page.wait_for_function("text => document.getElementById('total').textContent.includes(text)", arg=text)


def test_filter_play_and_pin(open_room_page, check_access, table):
    page = open_room_page("/explorer")
    total(page, "of 22 fragments")
    check_access(page)
    page.get_by_role("combobox", name="Dance video").select_option("dance_2")
    total(page, "of 11 fragments")
    page.get_by_label("Tempo from, BPM").fill("150")
    total(page, "No fragment passes")
    page.get_by_label("Tempo from, BPM").fill("130")
    page.get_by_label("Nearest to song").select_option("song")
    total(page, "of 11 fragments")
    page.wait_for_function("() => document.querySelector('#rows td:nth-child(5)').textContent !== '–'")
    distances = [float(text) for text in page.locator("#rows tr td:nth-child(5)").all_inner_texts()]
    assert distances == sorted(distances)
    row = page.locator("#rows tr").nth(2)
    fragment = row.get_attribute("data-fragment")
    row.get_by_role("button", name="Play").click()
    start_s = int(fragment.partition(":")[2]) / 24
    page.wait_for_function(f"() => document.getElementById('player').currentTime >= {start_s} + 0.9")
    page.wait_for_function("() => document.getElementById('player').paused")
    assert page.evaluate("document.getElementById('player').currentTime") < start_s + 1.5
    row.get_by_role("button", name="Pin").click()
    page.get_by_text(f"Pinned {fragment} in song").wait_for()
    page.locator("#rows tr").nth(0).get_by_role("button", name="Ban").click()
    page.get_by_text("Banned").wait_for()
    assert page.locator("#edits li").count() == 2
    nearest = row.locator("td").nth(4).inner_text().removesuffix(" s")
    lines = table.read_text().splitlines()
    assert lines[1] == f"song\t{float(nearest):g}\t{float(nearest) + 1:g}\tpin\t{fragment}"
    check_access(page)
    page.reload()
    page.get_by_role("button", name=f"Remove: pin {fragment}").click()
    page.get_by_text("Taken out.").wait_for()
    assert [line.split("\t")[3] for line in table.read_text().splitlines()[1:]] == ["ban"]


def test_a_refused_pin_is_said(open_room_page, table):
    page = open_room_page("/explorer")
    total(page, "of 22 fragments")
    page.get_by_label("from, s").fill("50")
    page.get_by_label("to, s").fill("51")
    page.locator("#rows tr").first.get_by_role("button", name="Pin").click()
    page.get_by_text("song ends at 6.00 s").wait_for()
    assert table.read_text() == NO_EDITS
    # The browser's own words about the answer 400.
    assert len(open_room_page.faults) == 2
    open_room_page.faults.clear()


@pytest.mark.parametrize(("kind", "dark"), [(PHONE, False), (PHONE, True), (DESK, True)])
def test_it_fits_and_can_be_read(open_room_page, check_access, kind, dark):
    page = open_room_page("/explorer", kind=kind, dark=dark)
    total(page, "of 22 fragments")
    check_access(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= kind["viewport"]["width"]
