"""Relative links of the pages lead somewhere; the checker finds those that do not."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "docs"))
from check_links import anchors, broken_links, main, shown_first  # noqa: E402

PAGE = """# A page of *ours*

[here](#what-it-is) [there](other.md#two-words) [other](other.md) [file](data/table.tsv) [web](https://example.org/no)
`[code](nowhere.md)`

    [indented](nowhere.md)

```
[fenced](nowhere.md)
```
## What it is
"""


@pytest.fixture
def page(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "table.tsv").write_text("")
    (tmp_path / "other.md").write_text("# Other\n\n## Two words\n\n## Two words\n\n### `code`, 5.1 and [link](x.md)\n")
    (tmp_path / "page.md").write_text(PAGE)
    return tmp_path / "page.md"


def test_good_links_and_links_in_code_pass(page, capsys):
    assert list(broken_links(page)) == []
    assert main([str(page)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("[x](gone.md)", "gone.md: no such file"),
        ("[x](other.md#three-words)", "other.md has no such heading"),
        ("[x](#nothing)", "page.md has no such heading"),
        ("![picture](data/none.png)", "data/none.png: no such file"),
        ('<img src="none.svg">', "none.svg: no such file"),
        ("[![badge](none.svg)](other.md)", "none.svg: no such file"),
    ],
)
def test_a_link_that_leads_nowhere_is_named_with_its_line(page, link, fault, capsys):
    page.write_text(PAGE + "\n" + link + "\n")
    assert main([str(page)]) == 1
    line = capsys.readouterr().out
    assert line.startswith(f"{page}:13: ")
    assert line.endswith(f"{fault}\n")


def test_anchors_are_those_of_the_code_hosts(page):
    assert anchors(page.parent / "other.md") == {"other", "two-words", "two-words-1", "code-51-and-link"}


def test_the_links_of_all_pages_lead_somewhere():
    assert {"README.md", "CONTRIBUTING.md"} <= {path.name for path in shown_first()}
    assert [line for path in shown_first() for line in broken_links(path)] == []
