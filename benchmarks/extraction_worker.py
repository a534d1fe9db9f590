"""One timed extraction for `extraction_speed.py`, in a separate process with the code that PYTHONPATH names.

    python benchmarks/extraction_worker.py STORE dance|target WEIGHTS SCRATCH

Prints frames, CPU seconds and whether outlines were written as JSON. Older versions of the code know neither targets
nor outlines.
"""

import inspect
import json
import sys
import time
from pathlib import Path

from danceit_core.config import PoseSettings
from danceit_core.media.video import probe
from danceit_core.pose.detect import detect_keypoints

try:
    from danceit_core.pose.outline_video import write_outlines
except ImportError:
    write_outlines = None


def extract(store: Path, *, as_target: bool, weights: Path, scratch: Path) -> int:
    """Detect joints, and write outlines of a target; returns the number of frames."""
    given = {"settings": PoseSettings(), "weights": weights}
    if as_target and "is_target" in inspect.signature(detect_keypoints).parameters:
        given["is_target"] = True
    if "is_target" not in given or write_outlines is None:
        return len(detect_keypoints(store, **given).keypoints)
    info = probe(store)
    with write_outlines(scratch / "outlines.mkv", fps=info.fps, size=(info.width, info.height), source="test") as sink:
        return len(detect_keypoints(store, **given, sink=sink).keypoints)


def main() -> None:
    store, kind, weights, scratch = sys.argv[1:]
    about = {"as_target": kind == "target", "weights": Path(weights), "scratch": Path(scratch)}
    # A first run, to load and compile everything.
    extract(Path(store), **about)
    (Path(scratch) / "outlines.mkv").unlink(missing_ok=True)
    start_s = time.process_time()
    frames = extract(Path(store), **about)
    cpu_s = time.process_time() - start_s
    print(json.dumps({"frames": frames, "cpu_s": cpu_s, "outlines": (Path(scratch) / "outlines.mkv").is_file()}))


if __name__ == "__main__":
    main()
