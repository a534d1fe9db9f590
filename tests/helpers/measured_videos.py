"""Videos with joints and sound that count their frames, as the database takes them."""

import numpy as np
from bodies import body_in_space
from dancers import STANDING, sine_dancer, wandering_dancer

from danceit_core.database.gather import gather_frames
from danceit_core.database.measure import measure_dance, write_measured
from danceit_core.database.table import write_fragments
from danceit_core.music.table import Beats, MusicTable, write_music_table
from danceit_core.pose.table import PoseTable, write_pose_table

FPS = 24.0


def make_video(frames, *, kept=None, shot=None, silent=False, sound_frames=None, width=13, fps=FPS, refused="", tune=0):
    """Somebody who stands, with one hand and a first feature that count the frames. tune: of another sound."""
    keypoints = np.ones((frames, 25, 3), np.float32)
    keypoints[..., :2] = STANDING + np.array([256, 450])
    keypoints[:, 7, 0] = np.arange(frames)
    columns = {"kept": np.ones(frames, bool) if kept is None else kept}
    if shot is not None:
        columns["shot"] = shot
    source = {"path": "dances/v.mp4", "sha256": "ab12"}
    pose = PoseTable(
        keypoints, {"fps": FPS, "width": 512, "height": 512, "source": source, "refused": refused}, columns
    )
    features = np.full((frames if sound_frames is None else sound_frames, width), 0.0 if silent else tune, np.float32)
    if not silent:
        features[:, 0] = np.arange(len(features))
    music = MusicTable(
        features=features,
        loudness=np.full(len(features), -60.0 if silent else -12.0, np.float32),
        beats=Beats(np.zeros(0), 101.0),
        fps=fps,
        feature_set="mfcc" if width == 13 else "rich",
        duration_s=len(features) / FPS,
        silent=silent,
    )
    return pose, music


def write_video(folder, video, pose, music, *, group=""):
    """The three tables of a video, of its cleaned joints, its sound, and what is measured of both."""
    paths = {name: folder / f"{video}.{name}.parquet" for name in ("cleaned", "music", "measured")}
    about = {"fps": pose.fps, "size": pose.size, "columns": pose.columns, "metadata": pose.metadata}
    write_pose_table(paths["cleaned"], pose.keypoints, **about)
    write_music_table(paths["music"], music)
    write_measured(paths["measured"], measure_dance(pose, music, video=video, group=group))
    return paths


def store(folder, *, test_share=0.2, groups=None, **videos):
    """The files of the frames of some videos, each (cleaned table, music); the folder that holds them."""
    (folder / "tables").mkdir(exist_ok=True)
    groups = groups or {}
    paths = [write_video(folder / "tables", name, *video, group=groups.get(name, "")) for name, video in videos.items()]
    lists = {name: [each[name] for each in paths] for name in ("cleaned", "music", "measured")}
    gather_frames(folder / "database", videos=list(videos), test_share=test_share, **lists)
    return folder / "database"


def write(path, database):
    write_fragments(path, database.table, metadata=database.metadata)
    return path


def group_of_two(frames=60):
    """A video with two dancers, the second from frame 20 on, and joints in space."""
    keypoints = np.concatenate([wandering_dancer(frames, seed=1), sine_dancer(frames - 20)])
    rows = len(keypoints)
    columns = {
        "track": np.repeat([0, 1], [frames, frames - 20]).astype(np.int32),
        "frame": np.concatenate([np.arange(frames), np.arange(20, frames)]).astype(np.int32),
        "kept": np.ones(rows, bool),
        "world": body_in_space(np.linspace(0, 90, rows)).astype(np.float32),
        "face": np.zeros((rows, 468, 3), np.float32),
    }
    pose, music = make_video(frames, tune=5)
    return PoseTable(keypoints, pose.metadata, columns), music
