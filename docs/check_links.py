"""Whether the relative links of Markdown files lead to files and headings that exist.

    python docs/check_links.py README.md docs/*.md ...      # without arguments: all that the repository shows first

Sphinx checks the pages of `docs` among themselves; README, CONTRIBUTING and config/README.md are read on a code host,
where nothing else does. Links with a scheme (https:) are not fetched.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^|(?<=\n\n))(?:    .*\n?)+")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|(?:src|srcset|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} +(.+?)\s*#*$", re.MULTILINE)


def broken_links(path: Path) -> Iterator[str]:
    """A line for each link of the file that leads nowhere: file, line, link and what is missing."""
    text = _without_code(path.read_text(encoding="utf-8"))
    for found in LINK.finditer(text):
        link = found[1] or found[2]
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name) if name else path
        place = f"{path}:{text.count(chr(10), 0, found.start()) + 1}: {link}"
        if not target.exists():
            yield f"{place}: no such file"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"{place}: {target.name} has no such heading"


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts and MyST make them."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    seen: dict[str, int] = {}
    found = set()
    for heading in HEADING.findall(text):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if anchor in seen else anchor)
        seen[anchor] = seen.get(anchor, 0) + 1
    return found


def _without_code(text: str) -> str:
    """The text with code blanked out, line by line, so that line numbers stay."""
    blank = re.compile(r"[^\n]")
    for code in (FENCE, INDENTED, re.compile(r"`[^`\n]+`")):
        text = code.sub(lambda found: blank.sub(" ", found[0]), text)
    return text


def shown_first() -> list[Path]:
    """The Markdown files that a reader of the repository meets."""
    named = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")
    return [*(ROOT / name for name in named), *sorted((ROOT / "docs").glob("*.md"))]


def main(names: Iterable[str]) -> int:
    """Print what is broken; the exit status."""
    lines = [line for path in [Path(name) for name in names] or shown_first() for line in broken_links(path)]
    print("\n".join(lines), end="\n" if lines else "")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
