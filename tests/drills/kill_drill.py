"""The kill drill: the tiny run is killed at random moments, run again each time, and must end as if nothing had been.

    python tests/drills/kill_drill.py [FOLDER] [--kills 20] [--seed 0]      (or: make drill)

Killed with SIGKILL, in turn: snakemake itself, one of its rules, and the whole group of processes. Then the run goes
on as a user would let it, with `snakemake --unlock` and the same command. In the end every file of the results is
compared with those of a run that nobody disturbed: byte by byte, but for times (logs, benchmarks, the seconds in the
histories, the table of times in the summary). Exit status 1 if one differs, or if a hidden half-written file is left.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ["config", "danceit_core", "workflow", "environment.yml"]
COMMAND = [sys.executable, "-m", "snakemake", "--configfile", "config/tiny.yaml", "--cores", "2", "--resources",
           "gpu=1", "--"]  # fmt: skip
WANTED = ["results/video.mp4", "results/summary.md"]
# Not compared: they tell when and how long.
TIMED = {"logs", "benchmarks"}
KILLS_AFTER_S = (4.0, 25.0)


def unpack(folder: Path, *, shared: Path) -> Path:
    """A copy of the committed workflow in its own folder; what is downloaded lies in `shared`."""
    folder.mkdir(parents=True)
    archive = subprocess.run(["git", "-C", ROOT, "archive", "HEAD", *PARTS], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    shared.mkdir(exist_ok=True)
    (folder / "resources").symlink_to(shared)
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    """The tiny run, in a group of processes of its own."""
    with (folder / "run.log").open("ab") as log:
        return subprocess.Popen([*COMMAND, *WANTED], cwd=folder, stdout=log, stderr=log, start_new_session=True)


def finish(folder: Path) -> float:
    """Let the run end; the seconds it took."""
    start_s = time.monotonic()
    if start(folder).wait() != 0:
        sys.exit(f"the run failed:\n{(folder / 'run.log').read_text()[-3000:]}")
    return time.monotonic() - start_s


def below(pid: int) -> list[int]:
    """All processes that a process started, and theirs."""
    # Any thread may have started them; a thread or process that ends meanwhile has none.
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in children.read_text().split()]
    return [*found, *(grandchild for child in found for grandchild in below(child))]


def kill(run: subprocess.Popen[bytes], whom: str, rng: random.Random) -> str:
    """SIGKILL to snakemake, to a process below it, or to all of them; returns who it was in the end."""
    rules = below(run.pid)
    if whom == "rule" and rules:
        os.kill(rng.choice(rules), signal.SIGKILL)
    elif whom == "group":
        os.killpg(run.pid, signal.SIGKILL)
    else:
        whom = "snakemake"
        os.kill(run.pid, signal.SIGKILL)
    run.wait()
    return whom


def disturb(folder: Path, *, kills: int, rng: random.Random) -> dict[str, int]:
    """Kill the run `kills` times, going on after each; returns how often each was killed."""
    killed = {"snakemake": 0, "rule": 0, "group": 0}
    for number in range(kills):
        run = start(folder)
        after_s = rng.uniform(*KILLS_AFTER_S)
        try:
            run.wait(timeout=after_s)
            print(f"kill {number + 1}: the run ended before {after_s:.1f} s; results are removed and it starts anew")
            subprocess.run(["rm", "-rf", "results", "data"], cwd=folder, check=True)
            continue
        except subprocess.TimeoutExpired:
            who = kill(run, list(killed)[number % 3], rng)
        killed[who] += 1
        print(f"kill {number + 1}: {who} after {after_s:.1f} s", flush=True)
        subprocess.run([*COMMAND[:3], "--unlock", *COMMAND[3:-1]], cwd=folder, capture_output=True, check=False)
    return killed


def content(path: Path) -> bytes:
    """A file without what tells when it was made."""
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        return json.dumps([{k: v for k, v in row.items() if k != "seconds"} for row in rows]).encode()
    if path.name == "summary.md":
        return path.read_text().split("| rule | seconds |")[0].encode()
    return path.read_bytes()


def compare(killed: Path, undisturbed: Path) -> list[str]:
    """What differs between two results folders, a line each."""
    names = [
        {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        for folder in (killed, undisturbed)
    ]
    faults = [f"half-written: {name}" for name in sorted(names[0]) if Path(name).name.startswith(".")]
    counted = [{name for name in found if not TIMED & set(Path(name).parts)} for found in names]
    faults += [f"only in one of the runs: {name}" for name in sorted(counted[0] ^ counted[1])]
    both = sorted(counted[0] & counted[1])
    faults += [f"differs: {name}" for name in both if content(killed / name) != content(undisturbed / name)]
    print(f"{len(both)} files compared")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    folder = given.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    undisturbed, disturbed = (unpack(folder / name, shared=folder / "resources") for name in ("undisturbed", "killed"))
    print(f"undisturbed: {finish(undisturbed):.0f} s", flush=True)
    killed = disturb(disturbed, kills=given.kills, rng=random.Random(given.seed))
    print(f"the rest: {finish(disturbed):.0f} s; killed: {killed}", flush=True)
    faults = compare(disturbed / "results", undisturbed / "results")
    print("\n".join(faults) or f"the same as undisturbed, after {sum(killed.values())} kills")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
