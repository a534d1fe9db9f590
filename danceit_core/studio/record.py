"""Recording: a clip of the cast as a video with sound, and its true joints as a keypoint table.

The same clip and settings give the same joints and pictures on any machine, up to rounding.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from danceit_core.config import DemoSettings
from danceit_core.errors import ConfigError
from danceit_core.media.audio import write_sound
from danceit_core.media.video import VideoWriter
from danceit_core.pose.skeleton import Keypoints
from danceit_core.pose.table import write_pose_table
from danceit_core.studio.camera import Camera
from danceit_core.studio.cast import CLIPS, SONG_SEED, SONG_TEMPO_BPM, Clip
from danceit_core.studio.dancer import Dancer, as_keypoints, dress, true_joints
from danceit_core.studio.instruments import SAMPLE_RATE_HZ
from danceit_core.studio.motion import move_through
from danceit_core.studio.music import Song, compose_song
from danceit_core.studio.renderer import Renderer
from danceit_core.studio.rig import Solved, solve
from danceit_core.studio.routine import Key, plan_routine

Progress = Callable[[int, int], None]
TARGET = "target"
FPS = 24.0
CRF = 17


def record_dance(
    clip: str,
    *,
    mesh: str | Path,
    video_path: str | Path,
    joints_path: str | Path,
    settings: DemoSettings,
    progress: Progress | None = None,
) -> None:
    """Film one clip of the cast (`dancer_1` .. `dancer_4`, `target`).

    mesh: the file of `assets.fetch_body_mesh`. video_path: H.264 with AAC sound. joints_path: the true BODY_25 joints
    of every frame with confidence 1, visible or hidden, and the column `move`; its metadata contain `clip`, `tempo_bpm`
    and `beats_s`. Raises ConfigError for a clip that is not in the cast, AssetError if `mesh` is not the body mesh.
    """
    scene = _find(clip)
    song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=clip_seconds(clip, settings), seed=scene.seed)
    dancer = dress(mesh, scene.look)
    size = clip_size(clip, settings)
    camera = Camera.for_height(dancer.body.height, side_m=scene.camera_side_m, aspect=size[0] / size[1])
    solved, moves = perform(scene, dancer, song, seconds=clip_seconds(clip, settings))
    transforms = solved.transforms(dancer.body.skeleton).astype(np.float32)
    renderer = Renderer(dancer, scene.room, camera, size=size, supersampling=settings.supersampling)
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "song.wav"
        write_sound(sound, song.samples, sample_rate_hz=SAMPLE_RATE_HZ)
        Path(video_path).parent.mkdir(parents=True, exist_ok=True)
        with VideoWriter(video_path, fps=FPS, size=size, crf=CRF, sound=sound) as writer:
            for frame, bones in enumerate(transforms):
                writer.write(renderer.draw(bones))
                if progress:
                    progress(frame + 1, len(transforms))
    write_pose_table(
        joints_path,
        project_joints(dancer, solved, camera, size=size),
        fps=FPS,
        size=size,
        columns={"move": moves},
        metadata={"clip": clip, "tempo_bpm": song.tempo_bpm, "beats_s": song.beats_s.tolist()},
    )


def record_song(path: str | Path, *, settings: DemoSettings) -> None:
    """Write the song that the target person will dance to, as FLAC or WAV by the file name's ending."""
    song = compose_song(tempo_bpm=SONG_TEMPO_BPM, seconds=settings.song_s, seed=SONG_SEED)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_sound(path, song.samples, sample_rate_hz=SAMPLE_RATE_HZ)


def clip_seconds(clip: str, settings: DemoSettings) -> float:
    """The length of a clip in seconds."""
    return settings.target_s if clip == TARGET else settings.dance_s


def clip_size(clip: str, settings: DemoSettings) -> tuple[int, int]:
    """(width, height) of a clip's pictures: in the clip's shape, even, with the longer side of the settings."""
    aspect = _find(clip).aspect
    longer = settings.target_size if clip == TARGET else settings.size
    shorter = max(2, 2 * round(longer * min(aspect, 1 / aspect) / 2))
    return (longer, shorter) if aspect >= 1 else (shorter, longer)


def perform(scene: Clip, dancer: Dancer, song: Song, *, seconds: float, fps: float = FPS) -> tuple[Solved, list[str]]:
    """The bones of every frame of a clip, and the name of the move danced in it."""
    rng = np.random.default_rng(scene.seed)
    keys = plan_routine(song, seconds=seconds, rng=rng, cover=scene.cover)
    times_s = np.arange(round(seconds * fps)) / fps
    stances = move_through(keys, times_s, beat_s=60 / song.tempo_bpm, rng=rng)
    return solve(dancer.body.skeleton, stances), [_move_at(keys, time_s) for time_s in times_s]


def project_joints(dancer: Dancer, solved: Solved, camera: Camera, *, size: int | tuple[int, int]) -> Keypoints:
    """The true joints as keypoints (T, 25, 3) in pixels of a picture; size as for `camera.picture_size`."""
    return as_keypoints(camera.pixels(true_joints(dancer, solved), size=size))


def _move_at(keys: list[Key], time_s: float) -> str:
    """The move danced at a time: that of the next key, because a key's pose is reached at its end."""
    return next((key.move for key in keys if key.time_s > time_s), keys[-1].move)


def _find(clip: str) -> Clip:
    if clip not in CLIPS:
        raise ConfigError(f"there is no clip {clip!r} in the studio's cast; use one of {', '.join(CLIPS)}")
    return CLIPS[clip]
