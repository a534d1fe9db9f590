"""Damage files of every kind that a rule reads, and see how each is read.

    python tests/fuzz/damaged_files.py --cases 1500 --seed 0     (make fuzz)

Prints one line a kind of file, and each case that ended badly with the command that repeats it alone. Exit status 1 if
one did.
"""

import argparse
import os
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "helpers"), str(Path(__file__).parents[2])]

import checkpoint_formats
import media_formats
import numpy as np
import odd_media_formats
import pose_formats
import table_formats
from damage import damage_bytes
from forked import GOOD, REFUSED, VALID, Case, Result, run_cases
from formats import Format

from danceit_core.music.compiled import prepare_librosa

FORMATS = {
    kind.name: kind
    for module in (media_formats, odd_media_formats, pose_formats, table_formats, checkpoint_formats)
    for kind in module.FORMATS
}


def make_valid(folder: Path) -> None:
    """A valid file of each kind, in a folder of its own."""
    for result in run_cases((_making(kind, folder) for kind in FORMATS.values()), jobs=1):
        if result.outcome != VALID and FORMATS[result.case].valid:
            raise RuntimeError(f"{result.case}: the valid file cannot be made or read\n{result.detail}{result.line}")


def damaged(kind: Format, valid: Path, *, seed: int, number: int) -> Case:
    """Case `number` of a kind: a copy of its valid file, damaged as the seed says."""

    def prepare(folder: Path) -> tuple[Path, str]:
        rng = np.random.default_rng([seed, zlib.crc32(kind.name.encode()), number])
        copytree(valid / kind.name, folder / "case")
        path = folder / "case" / (valid / f"{kind.name}.damage").read_text()
        if kind.spoil is not None and rng.random() < 0.5:
            kind.spoil(rng, path)
            return path, "strange content"
        name, data = damage_bytes(rng, path.read_bytes())
        path.write_bytes(data)
        return path, name

    return Case(f"{kind.name} {number}", prepare, kind.read, kind.named)


def cases_of(valid: Path, *, count: int, seed: int) -> Iterator[Case]:
    """`count` cases, evenly over all kinds."""
    kinds = list(FORMATS.values())
    for index in range(count):
        yield damaged(kinds[index % len(kinds)], valid, seed=seed, number=index // len(kinds))


def report(results: list[Result]) -> str:
    """Counts by kind of file and outcome, as a table."""
    columns = "{:12} {:20} {:>6} {:>13} {:>9} {:>4} {:>9} {:>8}"
    lines = [columns.format("family", "kind of file", "cases", VALID, REFUSED, "bad", "slowest s", "most MB")]
    names = {name: [r for r in results if r.case.rpartition(" ")[0] == name] for name in FORMATS}
    for name, own in [*names.items(), ("all", results)]:
        count = Counter(result.outcome for result in own)
        bad = len(own) - sum(count[outcome] for outcome in GOOD)
        slowest, most = max((r.seconds for r in own), default=0.0), max((r.peak_bytes for r in own), default=0)
        family = FORMATS[name].family if name in FORMATS else ""
        shown = (len(own), count[VALID], count[REFUSED], bad, f"{slowest:.1f}", f"{most / 2**20:.0f}")
        lines.append(columns.format(family, name, *shown))
    return "\n".join(lines)


def _making(kind: Format, folder: Path) -> Case:
    def prepare(given: Path) -> tuple[Path, str]:
        own = folder / kind.name
        own.mkdir(parents=True)
        path = kind.make(own)
        (folder / f"{kind.name}.damage").write_text(str(path.relative_to(own)))
        copytree(own, given / "case")
        return given / "case" / path.relative_to(own), "none"

    return Case(kind.name, prepare, kind.read)


def main() -> int:
    parser = argparse.ArgumentParser(description="Read damaged files of every kind that a rule reads.")
    parser.add_argument("--cases", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time")
    parser.add_argument("--only", help="one kind of file, or one case of it, as the report names them")
    parser.add_argument("--keep", type=Path, help="folder for the files of the cases that end badly")
    given = parser.parse_args()
    start_s, results = time.monotonic(), []
    prepare_librosa(tracker=True)  # once, not in every case
    with TemporaryDirectory() as folder:
        valid = Path(folder)
        make_valid(valid)
        cases = cases_of(valid, count=given.cases, seed=given.seed)
        if given.only:
            cases = (case for case in cases if case.name.startswith(given.only + " ") or case.name == given.only)
        for result in run_cases(cases, jobs=given.jobs, keep=given.keep):
            results.append(result)
            if result.outcome not in GOOD:
                print(
                    f"BAD {result.case}: {result.outcome} after {result.damage}: {result.line}\n{result.detail}",
                    flush=True,
                )
    print(report(results))
    print(f"seed {given.seed}: {len(results)} cases in {time.monotonic() - start_s:.0f} s")
    return int(any(result.outcome not in GOOD for result in results))


if __name__ == "__main__":
    sys.exit(main())
