"""A user study of tiny clips made in seconds, its server as a process of its own, and a voter without a browser.

Frame k of a dance carries its number and its variant as bright and dark squares, so that a clip can be checked.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from dancers import wandering_dancer

from danceit_core.config import FragmentSettings, MatcherSettings, UserStudySettings
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.frames import open_frames
from danceit_core.database.gather import gather_frames
from danceit_core.database.measure import measure_dance, write_measured
from danceit_core.database.table import read_database, write_fragments
from danceit_core.matcher.index import index_database
from danceit_core.media.video import VideoWriter
from danceit_core.music.table import Beats, MusicTable, write_music_table
from danceit_core.pose.table import PoseTable, write_pose_table
from danceit_core.user_study.clips import cut_clips, dance_frames
from danceit_core.user_study.stretches import VARIANTS, Stretch, draw_stretches
from danceit_core.user_study.study import FOLDER, STUDY, Study, read_study, write_study

ROOT = Path(__file__).parents[2]
FPS, SIDE, CELL, RATE_HZ = 24.0, 96, 12, 48000
SONG_S = 6.0


def marked(number: int, variant: int) -> np.ndarray:
    """A picture (SIDE, SIDE, 3) with the bits of a number in its first row of squares, of a variant in the second."""
    picture = np.full((SIDE, SIDE, 3), 20, np.uint8)
    for row, value in enumerate((number, variant)):
        for bit in range(8):
            if value >> bit & 1:
                picture[row * CELL : (row + 1) * CELL, bit * CELL : (bit + 1) * CELL] = 235
    return picture


def read_marks(picture: np.ndarray) -> tuple[int, int]:
    """Number and variant of a picture made by `marked`."""
    squares = picture.mean(-1).reshape(SIDE // CELL, CELL, SIDE // CELL, CELL).mean((1, 3)) > 128
    number, variant = (int(sum(1 << bit for bit in range(8) if squares[row, bit])) for row in (0, 1))
    return number, variant


def sweep(seconds: float) -> np.ndarray:
    """A stereo sound (N, 2) whose pitch rises all the time, so that each moment of it is like no other."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.stack([np.sin(2 * np.pi * (300 * time + 120 * time**2)), np.sin(2 * np.pi * 250 * time)], 1) * 0.5


def make_videos(folder: Path) -> tuple[dict[str, dict[str, Path]], dict[str, Path]]:
    """The dance to one song in each variant, and the song."""
    folder.mkdir(parents=True, exist_ok=True)
    song = folder / "song.wav"
    soundfile.write(song, sweep(SONG_S), RATE_HZ)
    videos = {}
    for number, variant in enumerate(VARIANTS, start=1):
        videos[variant] = {"song": folder / f"{variant}.mp4"}
        with VideoWriter(videos[variant]["song"], fps=FPS, size=(SIDE, SIDE), crf=12, sound=song) as writer:
            for frame in range(round(SONG_S * FPS)):
                writer.write(marked(frame, number))
    return videos, {"song": song}


def make_study(results: Path, *, clips: int = 3, clip_s: float = 1.0, pairs: int = 3) -> Study:
    """A prepared study below `results`, with `clips` stretches."""
    videos, songs = make_videos(results / "made")
    settings = UserStudySettings(clips=clips, clip_s=clip_s, pairs=pairs)
    stretches = draw_stretches(dance_frames(videos, fps=FPS), fps=FPS, settings=settings, seed=1)
    return cut_study(results, stretches, videos, songs, pairs=pairs)


def cut_study(results: Path, stretches: list[Stretch], videos: dict, songs: dict, *, pairs: int = 3) -> Study:
    """Clips of given stretches, and what they are of."""
    path = results / FOLDER / STUDY
    clips = cut_clips(path.parent / "clips", stretches, videos, songs, person="p", fps=FPS, crf=12, seed=0)
    write_study(path, clips, stretches, fps=FPS, pairs=pairs)
    return read_study(path)


def make_project(results: Path) -> None:
    """Two dances as the workflow leaves them: frames, fragments of one second, a matcher (one epoch), its index."""
    # PyTorch: seconds, which the tests without a matcher need not wait for.
    import torch

    from danceit_core.matcher.data import make_pairs
    from danceit_core.matcher.model import Matcher, save_matcher
    from danceit_core.matcher.train import train_matcher

    frames, rng = round(SONG_S * FPS), np.random.default_rng(0)
    tempi = {"dance_1": 100.0, "dance_2": 140.0}
    paths = {kind: [results / kind / f"{video}.parquet" for video in tempi] for kind in ("cleaned", "music", "dances")}
    for number, (video, tempo) in enumerate(tempi.items()):
        about = {"fps": FPS, "width": 512, "height": 512}
        pose = PoseTable(wandering_dancer(frames, seed=number), about, {"kept": np.ones(frames, bool)})
        music = _music(frames, tempo, rng)
        write_pose_table(paths["cleaned"][number], pose.keypoints, fps=FPS, size=(512, 512), columns=pose.columns)
        write_music_table(paths["music"][number], music)
        write_measured(paths["dances"][number], measure_dance(pose, music, video=video))
        with VideoWriter(results / "frames" / f"{video}.mp4", fps=FPS, size=(SIDE, SIDE), crf=20, gop=12) as writer:
            for frame in range(frames):
                writer.write(marked(frame, number + 1))
    write_music_table(results / "music" / "song.parquet", _music(frames, 120.0, rng))
    measured = {"cleaned": paths["cleaned"], "music": paths["music"], "measured": paths["dances"]}
    gather_frames(results / "database", videos=list(tempi), **measured, test_share=0.2)
    fragments = cut_fragments(open_frames(results / "database"), seconds=1.0, settings=FragmentSettings())
    write_fragments(results / "database" / "1s.parquet", fragments.table, metadata=fragments.metadata)
    database, device = read_database(results / "database" / "1s.parquet"), torch.device("cpu")
    settings = MatcherSettings(epochs=1, delay_s=1.0)
    trained = train_matcher(make_pairs(database), settings=settings, seed=0, device=device)
    matcher, folder = Matcher.from_checkpoint(trained.checkpoint, device=device), results / "matcher" / "1s"
    save_matcher(folder / "matcher.pt", trained.checkpoint)
    index_database(folder, database, matcher)


def _music(frames: int, tempo_bpm: float, rng: np.random.Generator) -> MusicTable:
    beats = Beats(np.arange(0, frames / FPS, 60 / tempo_bpm), tempo_bpm)
    loudness = np.full(frames, -20.0, np.float32)
    return MusicTable(rng.random((frames, 13), np.float32), loudness, beats, FPS, "mfcc", frames / FPS, silent=False)


class Server:
    """A server as a process of its own: start, kill without warning, start again at the same port."""

    # Whose `danceit_core` it runs.
    root = ROOT

    def __init__(self, results: Path, *options: str) -> None:
        self.results, self._options, self.port = results, options, 0
        self.start()

    def command(self) -> list[str]:
        """What is run; port 0 the first time, then the one that it was given."""
        command = [sys.executable, "-m", "danceit_core.user_study", "--results", str(self.results)]
        return [*command, "--port", str(self.port), *self._options]

    def start(self) -> None:
        """Run until it says where it listens."""
        self._process = subprocess.Popen(
            self.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.root,
            env=environment(self.root),
        )  # fmt: skip
        self.said = [self._process.stdout.readline()]
        found = re.search(r":(\d+)", self.said[0])
        assert found, self.said[0] + self._process.communicate()[0]
        self.port = int(found[1])

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def kill(self) -> None:
        """SIGKILL: the process has no moment to put anything in order."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self, number: signal.Signals = signal.SIGINT) -> str:
        """End it as Ctrl-C does; what it had to say."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.communicate(timeout=60)[0]


def environment(root: Path = ROOT) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}


@contextlib.contextmanager
def serving(results: Path, *options: str) -> Iterator[Server]:
    server = Server(results, *options)
    try:
        yield server
    finally:
        server.stop()


class Voter:
    """One voter's browser, as far as the server can tell: a connection, a cookie, the headers of the page's fetch."""

    def __init__(self, host: str) -> None:
        self.host, self.cookie = host, ""
        self._connection = http.client.HTTPConnection(host, timeout=30)

    def ask(self, method: str, path: str, body=None, headers=None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of one request; a body is sent as JSON with the page's own origin."""
        sent = {"Cookie": self.cookie} if self.cookie else {}
        if body is not None:
            sent |= {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self._connection.request(method, path, body=data, headers=sent | (headers or {}))
            answer = self._connection.getresponse()
            content = answer.read()
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise
        given = {name.lower(): value for name, value in answer.getheaders()}
        if "set-cookie" in given:
            self.cookie = given["set-cookie"].partition(";")[0]
        return answer.status, given, content

    def json(self, method: str, path: str, body=None) -> dict:
        status, _, content = self.ask(method, path, body)
        assert status == 200, (status, content)
        return json.loads(content)
