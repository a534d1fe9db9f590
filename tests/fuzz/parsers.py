"""Coverage-guided fuzzing of the parsers of our own, by atheris (libFuzzer): it keeps inputs that reach new lines.

    python tests/fuzz/parsers.py --seconds 60 [PARSER]     (make fuzz; needs atheris)

A parser may give a result or raise a DanceItError whose line names the file; anything else is a find, whose input
atheris leaves as `crash-...` in the folder of the corpus.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    print("atheris is not installed (it is built for Linux on x86-64 only): our parsers are not fuzzed by coverage")
    sys.exit(0)

sys.path[:0] = [str(Path(__file__).parents[2])]
with atheris.instrument_imports(include=["danceit_core", "pickle", "json"]):
    from danceit_core.choreography.edits import read_edits
    from danceit_core.errors import DanceItError
    from danceit_core.input_tables import load_schema, load_table
    from danceit_core.inputs import check_config_file
    from danceit_core.music.beat_files import read_beats, read_sections
    from danceit_core.pose.openpose import read_json_folder
    from danceit_core.pose.plain_pickle import read_arrays
    from danceit_core.pose.table import _check_metadata

SCHEMAS = Path(__file__).parents[2] / "workflow" / "schemas"
ALLOWED = {"metadata": (KeyError, TypeError, ValueError)}
NAMES = {
    "pickle": "a.pkl", "openpose": "a_1.json", "edits": "edits.tsv", "table": "videos.tsv", "config": "config.yaml",
    "metadata": "about.json", "beats": "song.beats", "sections": "song.sections",
}  # fmt: skip
SEEDS = {
    "pickle": (b"\x80\x04}\x94\x8c\x01a\x94]\x94(G?\xf0\x00\x00\x00\x00\x00\x00K\x02es.", b"cnumpy\nndarray\n."),
    "openpose": (b'{"people": [{"pose_keypoints_2d": [' + b"1," * 74 + b"1]}]}", b"[]"),
    "edits": (b"song\tstart_s\tend_s\taction\tvalue\ntango\t0\t2\tpin\twaltz:0\ntango\t0\t2\tseed\t7\n",),
    "table": (b"video\tpath\taudio\tkeypoints\tcamera\tfps\twidth\theight\tstyle\nw\ta\tb\tc\tc01\t24\t1\t1\tx\n",),
    "config": (b"seed: 1\nmatcher: {epochs: 3}\nvideos: &a x\nsongs: *a\n",),
    "beats": (b"0.5\t1\n1.0\t2\n1.5\t3\n", b"0.5,0.5,1\n1.0 1.0\n", b"\xff\xfe0\x00\n\x001\x00"),
    "sections": (b"0\t12.5\tA\n12.5\t20\tB\n",),
    "metadata": (b'{"fps": 24, "width": 512, "height": 512, "cuts": [3], "refused": "", "source": {}}',),
}


def parse(kind: str, path: Path) -> None:
    """What the library does with the file."""
    if kind == "pickle":
        read_arrays(path)
    elif kind == "openpose":
        read_json_folder(path.parent)
    elif kind == "edits":
        read_edits(path, songs=["tango"], styles={"waltz": "hall"})
    elif kind == "table":
        load_table(str(path), load_schema(SCHEMAS, "videos"))
    elif kind == "beats":
        read_beats(path)
    elif kind == "sections":
        read_sections(path)
    elif kind == "config":
        check_config_file(path)
    else:
        _check_metadata({"fps": 24, "width": 1, "height": 1, **dict(json.loads(path.read_bytes()))})


def fuzz(kind: str, seconds: int, corpus: Path) -> None:
    """Runs until the time is over or something is found; libFuzzer ends the process."""
    path = corpus / "case" / NAMES[kind]
    path.parent.mkdir()

    def one(data: bytes) -> None:
        path.write_bytes(data)
        try:
            parse(kind, path)
        except DanceItError as error:
            if path.parent.name not in str(error):
                raise RuntimeError(f"a line without the file: {error}") from error
        except ALLOWED.get(kind, ()):
            pass

    seeds = corpus / "seeds"
    seeds.mkdir()
    for number, seed in enumerate(SEEDS[kind]):
        (seeds / str(number)).write_bytes(seed)
    options = [f"-max_total_time={seconds}", "-timeout=30", "-rss_limit_mb=2048", "-max_len=4096", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, "-print_final_stats=1", f"-artifact_prefix={corpus}/", str(seeds)], one)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz our parsers, guided by coverage.")
    parser.add_argument("kind", nargs="?", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=30, help="for each parser")
    given = parser.parse_args()
    if given.kind:
        fuzz(given.kind, given.seconds, Path(tempfile.mkdtemp(prefix="danceit-fuzz-")))
    # libFuzzer ends its process: a parser, a process.
    command = [sys.executable, __file__, "--seconds", str(given.seconds)]
    return max(subprocess.run([*command, kind], check=False).returncode for kind in NAMES)


if __name__ == "__main__":
    sys.exit(main())
