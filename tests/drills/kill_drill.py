"""The kill drill: the tiny run is killed at random moments and resumed each time; its results must be unaffected.

    python tests/drills/kill_drill.py [FOLDER] [--kills 20] [--seed 0]      (or: make drill)

SIGKILL is sent, in turn, to snakemake itself, to one of its rules, and to the whole process group. The run is then
resumed as a user would do it, with `snakemake --unlock` and the same command. At the end every file of the results is
compared with that of an undisturbed run, byte by byte except for times (logs, benchmarks, the seconds in the histories,
the table of times in the summary). Exit status 1 if a file differs, or if a hidden half-written file is left.
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
# Not compared, because they contain times.
TIMED = {"logs", "benchmarks"}
KILLS_AFTER_S = (4.0, 25.0)


def unpack(folder: Path, *, shared: Path) -> Path:
    """A copy of the committed workflow in its own folder; downloads are in `shared`."""
    folder.mkdir(parents=True)
    archive = subprocess.run(["git", "-C", ROOT, "archive", "HEAD", *PARTS], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    shared.mkdir(exist_ok=True)
    (folder / "resources").symlink_to(shared)
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start the tiny run in its own process group."""
    with (folder / "run.log").open("ab") as log:
        return subprocess.Popen([*COMMAND, *WANTED], cwd=folder, stdout=log, stderr=log, start_new_session=True)


def finish(folder: Path) -> float:
    """Wait for the end of the run; returns the seconds it took."""
    start_s = time.monotonic()
    if start(folder).wait() != 0:
        sys.exit(f"the run failed:\n{(folder / 'run.log').read_text()[-3000:]}")
    return time.monotonic() - start_s


def below(pid: int) -> list[int]:
    """All descendants of a process."""
    # Any thread may have started them; a thread or process that has ended meanwhile has none.
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in children.read_text().split()]
    return [*found, *(grandchild for child in found for grandchild in below(child))]


def kill(run: subprocess.Popen[bytes], whom: str, rng: random.Random) -> str:
    """Send SIGKILL to snakemake, to a process below it, or to all of them; returns what was killed."""
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
    """Kill the run `kills` times, resuming it after each; returns how often each target was killed."""
    killed = {"snakemake": 0, "rule": 0, "group": 0}
    for number in range(kills):
        run = start(folder)
        after_s = rng.uniform(*KILLS_AFTER_S)
        try:
            run.wait(timeout=after_s)
            print(f"kill {number + 1}: the run ended before {after_s:.1f} s; removing results and starting again")
            subprocess.run(["rm", "-rf", "results", "data"], cwd=folder, check=True)
            continue
        except subprocess.TimeoutExpired:
            who = kill(run, list(killed)[number % 3], rng)
        killed[who] += 1
        print(f"kill {number + 1}: {who} after {after_s:.1f} s", flush=True)
        subprocess.run([*COMMAND[:3], "--unlock", *COMMAND[3:-1]], cwd=folder, capture_output=True, check=False)
    return killed


def content(path: Path) -> bytes:
    """The content of a file without its times."""
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        return json.dumps([{k: v for k, v in row.items() if k != "seconds"} for row in rows]).encode()
    if path.name == "summary.md":
        return path.read_text().split("| rule | seconds |")[0].encode()
    return path.read_bytes()


def compare(killed: Path, undisturbed: Path) -> list[str]:
    """The differences between two results folders, one line each."""
    names = [
        {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        for folder in (killed, undisturbed)
    ]
    faults = [f"half-written: {name}" for name in sorted(names[0]) if Path(name).name.startswith(".")]
    counted = [{name for name in found if not TIMED & set(Path(name).parts)} for found in names]
    faults += [f"only in one run: {name}" for name in sorted(counted[0] ^ counted[1])]
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
    print(f"disturbed, last part: {finish(disturbed):.0f} s; killed: {killed}", flush=True)
    faults = compare(disturbed / "results", undisturbed / "results")
    print("\n".join(faults) or f"same results as the undisturbed run, after {sum(killed.values())} kills")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
