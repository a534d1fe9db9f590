"""Golden results of what becomes of videos and sound: demo, video, pose, cleaning, music."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from checkout import ROOT
from dancers import wandering_dancer
from media_files import write_file
from puppet import draw_puppet, puppet_keypoints
from record import Result, result

from danceit_core.assets import fetch_body_mesh, fetch_pose_weights
from danceit_core.config import CleaningSettings, DemoSettings, MusicSettings, PoseSettings, VideoSettings
from danceit_core.media.source import SourceReport, ingest_video
from danceit_core.media.video import VideoWriter, decode_frames
from danceit_core.music.analyse import analyse_music
from danceit_core.music.weights import fetch_beat_networks
from danceit_core.pose.clean import clean_keypoints
from danceit_core.pose.extract import extract_keypoints
from danceit_core.pose.table import read_pose_table
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import record_dance

RESOURCES = ROOT / "resources"
FPS = 24.0
# Grey levels: encoders differ by their version and threads.
CODED = 0.15


def demo() -> dict[str, Result]:
    """A third of a second of a studio dancer."""
    settings = replace(DemoSettings(), size=96, dance_s=0.34)
    with tempfile.TemporaryDirectory() as folder:
        video, joints = Path(folder) / "a.mp4", Path(folder) / "a.parquet"
        about = {"mesh": fetch_body_mesh(RESOURCES), "settings": settings}
        record_dance("dancer_2", video_path=video, joints_path=joints, **about)
        pictures = np.stack(list(decode_frames(video, fps=FPS, size=None)))
        return {
            "joints": result(read_pose_table(joints).keypoints, within=1e-3),
            "pictures": result(pictures, within=CODED),
        }


def video() -> dict[str, Result]:
    """A film of another rate and shape with dark bars and a camera cut."""
    ramp = np.linspace(40, 220, 120).astype(np.uint8)
    pictures = []
    for number in range(40):
        picture = np.zeros((80, 120, 3), np.uint8)
        picture[10:70] = np.roll(ramp, 2 * number)[None, :, None] if number < 25 else 255 - ramp[None, :, None]
        pictures.append(picture)
    with tempfile.TemporaryDirectory() as folder:
        source, store = Path(folder) / "a.mp4", Path(folder) / "store.mp4"
        write_file(source, pictures=pictures, times_s=np.arange(40) / 30, rate=30)
        report = ingest_video(source, store, settings=VideoSettings(), tolerant=True)
        frames = np.stack(list(decode_frames(store, fps=FPS, size=None)))
    known = [report.frames, *report.letterbox, *report.cuts, *(report.crop or ()), *report.size]
    return {"report": result(known), "frames": result(frames, within=CODED)}


def pose() -> dict[str, Result]:
    """A drawn dancer looked at as a dance and as a target."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "a.mp4"
        with VideoWriter(store, fps=FPS, size=(192, 192), crf=10, gop=12) as writer:
            for number in range(5):
                writer.write(draw_puppet(puppet_keypoints(number / FPS, size=192), size=192))
        report = SourceReport(
            path="a.mp4", sha256="0" * 64, bytes=1, width=192, height=192, fps=FPS, duration_s=5 / FPS, codec="h264",
            has_sound=False, interlaced=False, frames=5, letterbox=(1.0, 0.0, 0.0), cuts=(), refused="",
        )  # fmt: skip
        given = {"report": report, "settings": PoseSettings(), "weights": fetch_pose_weights(RESOURCES / "blazepose")}
        tables = {name: extract_keypoints(store, is_target=name == "target", **given) for name in ("dance", "target")}
    # Heat maps move a point or not, which the last bit of a pixel may decide.
    places = {f"joints of a {name}": result(table.keypoints[..., :2], within=0.3) for name, table in tables.items()}
    sure = {f"confidence of a {name}": result(table.keypoints[..., 2], within=0.01) for name, table in tables.items()}
    return places | sure | {"depth": result(tables["dance"].columns["depth"], within=0.02)}


def cleaning() -> dict[str, Result]:
    """A wandering dancer with holes and a spike, cleaned."""
    keypoints = wandering_dancer(96, seed=3)
    keypoints[20:23, 4] = 0
    keypoints[50, 7, 0] += 300
    cleaned = clean_keypoints(keypoints, fps=FPS, settings=CleaningSettings())
    return {"keypoints": result(cleaned.keypoints)}


def music() -> dict[str, Result]:
    """Features, beats, bars and sections of a composed song."""
    song = compose_song(tempo_bpm=112, seconds=24, seed=1)
    how = {"sample_rate_hz": 44100, "fps": FPS, "settings": MusicSettings()}
    found = analyse_music(song.samples, weights=fetch_beat_networks(RESOURCES / "beats"), **how)
    beats = [*found.beats.times_s, found.beats.tempo_bpm, found.beats.margin]
    edges = [*(part.end_s for part in found.sections)]
    tracked = analyse_music(song.samples, **how).beats.times_s
    return {
        "features": result(found.features, within=1e-3),
        "beats": result(beats, within=1e-3),
        "places": result([*found.beats.place, found.beats.meter]),
        "sections": result(edges, within=1e-3),
        "tracker": result(tracked, within=1e-3),
    }
