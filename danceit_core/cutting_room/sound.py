"""A song's excerpt to listen to in the browser: AAC that begins on the very sample, and its peaks to be drawn.

    <results>/cutting_room/sound/{song}/{key}/   sound.m4a, peaks.u8

It is made once for each state of the song's file and of its row in the table, by a child process: `python -m
danceit_core.cutting_room.sound`. An AAC encoder puts 1024 samples before the first; the file's edit list says so, and
browsers leave them out.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from danceit_core.errors import DanceItError, MediaError
from danceit_core.files import partial_file, put_in_place
from danceit_core.media.container import one_line_errors
from danceit_core.media.levels import limited
from danceit_core.media.sound_source import SoundSource, source_of

SOUND, PEAKS = "sound.m4a", "peaks.u8"
RATE_HZ, BITS_PER_S = 48_000, 160_000
PEAKS_PER_S = 100
EXCERPT = ("audio_track", "start_s", "end_s")


def make_listening_copy(source: SoundSource, folder: Path, *, progress: Callable[[float], object]) -> None:
    """Write SOUND and PEAKS into `folder`; each is there whole or not at all. progress: told the share that is written.

    Peaks are bytes, 255 for full scale, PEAKS_PER_S of them a second. Raises MediaError for a song that cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sound, peaks = folder / SOUND, folder / PEAKS
    partial, drawn = partial_file(sound), partial_file(peaks)
    guarded = one_line_errors(source.path, "its sound cannot be written", remedy="convert it to WAV")
    try:
        with source.open(sample_rate_hz=RATE_HZ) as samples, drawn.open("wb") as file, guarded:

            def pieces() -> Any:
                for start in range(0, len(samples), RATE_HZ):
                    pair = samples.stereo(slice(start, start + RATE_HZ))
                    file.write(_peaks(pair))
                    progress(min(1.0, (start + RATE_HZ) / len(samples)))
                    yield pair

            blocks = limited(pieces(), sample_rate_hz=RATE_HZ) if samples.peak > 1 else pieces()
            _encode(partial, blocks)
        put_in_place(drawn, peaks)
        put_in_place(partial, sound)
    finally:
        partial.unlink(missing_ok=True)
        drawn.unlink(missing_ok=True)


def _peaks(pair: Any) -> bytes:
    """The greatest amplitude of each 1 / PEAKS_PER_S of a second of (2, n) samples, as bytes."""
    step = RATE_HZ // PEAKS_PER_S
    loudest = np.abs(pair).max(axis=0)
    whole = np.pad(loudest, (0, -len(loudest) % step)).reshape(-1, step).max(axis=1)
    return np.clip(np.round(255 * whole), 0, 255).astype(np.uint8).tobytes()


def _encode(path: Path, blocks: Any) -> None:
    """Blocks (2, n) as AAC in an MP4 file that a browser can begin to play at once."""
    with av.open(f"file:{path}", "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream: Any = container.add_stream("aac", rate=RATE_HZ, layout="stereo")
        stream.bit_rate, stream.time_base = BITS_PER_S, Fraction(1, RATE_HZ)
        at = 0
        for block in blocks:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, at, Fraction(1, RATE_HZ)
            container.mux(stream.encode(frame))
            at += block.shape[1]
        container.mux(stream.encode(None))


class ListeningCopies:
    """The listening copies of a project's songs, made when first asked for. folder: where they are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._making: dict[str, _Making] = {}

    def find(self, song: str, path: Path, cells: Mapping[str, str]) -> "Path | float":
        """The folder of a song's copy; while it is made, the share of it that is there.

        path: of its file. cells: what its row says of the excerpt. Raises MediaError where it cannot be made.
        """
        stamp = path.stat() if path.is_file() else None
        if stamp is None:
            raise MediaError(f"{path}: there is no such file (any more); correct column `path` of the songs table")
        said = {column: str(cells.get(column, "")) for column in EXCERPT}
        state = json.dumps([str(path), stamp.st_size, stamp.st_mtime_ns, said, RATE_HZ, BITS_PER_S])
        folder = self._folder / song / hashlib.sha256(state.encode()).hexdigest()[:16]
        if (folder / SOUND).is_file():  # the last that is written
            return folder
        with self._lock:
            making = self._making.get(str(folder))
            if (folder / SOUND).is_file():
                return folder
            # One that has ended is of a copy that was removed for that of another state meanwhile.
            if making is None or not (making.is_alive() or making.fault):
                # Of the states that a song has been in, the last one is kept.
                for old in (self._folder / song).glob("*"):
                    shutil.rmtree(old, ignore_errors=True)
                making = self._making[str(folder)] = _Making(path, said, folder)
                making.start()
            if making.fault:
                del self._making[str(folder)]
                raise MediaError(making.fault)
            return making.share


class _Making(threading.Thread):
    """A copy in the making. share: of it that is there. fault: why it cannot be made."""

    def __init__(self, path: Path, cells: Mapping[str, str], folder: Path) -> None:
        super().__init__(daemon=True, name=f"listening copy of {path.name}")
        self.share, self.fault = 0.0, ""
        self._given = [str(path), json.dumps(dict(cells)), str(folder)]

    def run(self) -> None:
        """Wait for the child process and read how far it is."""
        command = [sys.executable, "-m", "danceit_core.cutting_room.sound", *self._given]
        library = str(Path(__file__).resolve().parents[2])
        said = ""
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment(library)) as child:
            assert child.stdout is not None
            for line in child.stdout:
                word, _, rest = line.strip().partition(" ")
                if word == "share":
                    self.share = float(rest)
                elif word == "error":
                    said = rest
        if child.returncode:
            self.fault = said or f"{self._given[0]}: the program that decodes its sound ended; convert it to WAV"


def _environment(library: str) -> dict[str, str]:
    """The environment of the child, which imports this very library."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [library, os.environ.get("PYTHONPATH")]))}


def main() -> None:
    """Make one copy: SONG CELLS FOLDER; prints `share S` as it goes on and `error ...` where it cannot."""
    path, cells, folder = sys.argv[1:]
    last = 0.0

    def progress(share: float) -> None:
        nonlocal last
        if share - last >= 0.01 or share == 1:
            print(f"share {share:.3f}", flush=True)
            last = share

    try:
        make_listening_copy(source_of(path, json.loads(cells)), Path(folder), progress=progress)
    except DanceItError as error:
        print("error " + " ".join(str(error).split()))
        sys.exit(1)


if __name__ == "__main__":
    main()
