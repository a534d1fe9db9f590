"""Cutting the clips of a user study: the same stretch of picture and sound from the dance of each variant.

The names of the clips are numbers dealt out at random: neither they nor anything in the files says which variant a clip
is of. Sound is cut to the sample from the song itself, so that it is the same in every variant.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from danceit_core.errors import StudyError
from danceit_core.media.encode import SOUND_RATE_HZ, VideoWriter
from danceit_core.media.letterbox import Picture
from danceit_core.media.provenance import describe_video
from danceit_core.media.sound_source import SoundSource, as_source
from danceit_core.media.video import probe, read_frames
from danceit_core.run import Progress
from danceit_core.user_study.stretches import Stretch
from danceit_core.user_study.study import Clip

Paths = Mapping[str, str | Path]
READ_AT_ONCE = 24


def dance_frames(videos: Mapping[str, Paths], *, fps: float) -> dict[str, int]:
    """Frames of the dance to each song, the fewest of its variants. videos: variant -> song -> file."""
    songs = dict.fromkeys(song for paths in videos.values() for song in paths)
    return {
        song: min(round(probe(paths[song]).duration_s * fps) for paths in videos.values() if song in paths)
        for song in songs
    }


def cut_clips(
    folder: str | Path,
    stretches: Sequence[Stretch],
    videos: Mapping[str, Paths],
    sounds: Mapping[str, str | Path | SoundSource],
    *,
    person: str,
    fps: float,
    crf: int,
    seed: int,
    progress: Progress | None = None,
) -> list[Clip]:
    """Write one clip a stretch and variant (H.264, AAC) into `folder`; what each file is of.

    videos: variant -> song -> painted video of constant `fps`; sounds: song -> its file or the part of one that it is.
    person: who is shown, for the clips' tags. Raises StudyError for a song without a video, MediaError for one that
    cannot be read.
    """
    rng = np.random.default_rng(seed)
    names = rng.permutation(len(stretches) * len(videos)).tolist()
    clips: list[Clip] = []
    with tempfile.TemporaryDirectory() as temporary:
        for number, stretch in enumerate(stretches):
            sound = Path(temporary) / "sound.wav"
            _cut_sound(as_source(sounds[stretch.song]), sound, stretch, fps=fps)
            for variant, paths in videos.items():
                if stretch.song not in paths:
                    raise StudyError(f"variant {variant} has no video of song {stretch.song!r}; run render_video")
                clip = Clip(f"{names.pop():04d}.mp4", variant, number)
                video = paths[stretch.song]
                size = (probe(video).width, probe(video).height)
                tags = describe_video([person], stretch.song)
                path = Path(folder) / clip.file
                with VideoWriter(path, fps=fps, size=size, crf=crf, sound=sound, metadata=tags) as writer:
                    for picture in _pictures(video, stretch):
                        writer.write(picture)
                clips.append(clip)
                if progress is not None:
                    progress(len(clips), len(stretches) * len(videos))
    return clips


def _pictures(video: str | Path, stretch: Stretch) -> Iterator[Picture]:
    """The pictures of a stretch; some at once, as five seconds of a large video are gigabytes."""
    end = stretch.start_frame + stretch.frames
    for first in range(stretch.start_frame, end, READ_AT_ONCE):
        yield from read_frames(video, range(first, min(first + READ_AT_ONCE, end)))


def _cut_sound(song: SoundSource, path: Path, stretch: Stretch, *, fps: float) -> None:
    """Write the stereo sound of a stretch, silence where the song ends before it, as a WAV file of floats."""
    first = round(stretch.start_frame / fps * SOUND_RATE_HZ)
    count = round(stretch.frames / fps * SOUND_RATE_HZ)
    with song.open(sample_rate_hz=SOUND_RATE_HZ) as sound:
        cut = sound.stereo(slice(first, first + count)).T
    padded = np.pad(cut, ((0, count - len(cut)), (0, 0)))
    soundfile.write(path, padded, SOUND_RATE_HZ, subtype="FLOAT")
