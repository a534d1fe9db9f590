"""Check a finished results folder: the video is as long as the song, its sound is the song, 24 fps, playable.

usage: python check_video.py RESULTS
"""

import json
import sys
from pathlib import Path

import av
import numpy as np

from danceit_core.media.audio import open_sound
from danceit_core.music.table import read_music_table

RATE_HZ = 8000


def main(results: Path) -> None:
    video = results / "video.mp4"
    song = Path("data/demo_tiny/song.flac")
    music = read_music_table(results / "music" / "new_song.parquet")
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 24
        assert container.streams.audio[0].codec_context.name == "aac"
        assert json.loads(container.metadata["comment"])["synthetic"]
        frames = sum(1 for _ in container.decode(video=0))
    assert abs(frames / 24 - music.duration_s) <= 1 / 24, f"{frames} frames for {music.duration_s} s"
    # faststart: the index stands before the pictures, so that a browser plays while it loads.
    head = video.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")
    with open_sound(video, sample_rate_hz=RATE_HZ) as sound, open_sound(song, sample_rate_hz=RATE_HZ) as other:
        heard, given = sound[:], other[:]
    count = min(len(heard), len(given))
    likeness = np.corrcoef(heard[:count], given[:count])[0, 1]
    assert likeness > 0.95, f"the sound of the video is like the song by {likeness:.2f} only"
    scores = json.loads((results / "evaluation" / "performer" / "new_song.json").read_text())
    assert {"s_ba_min_0", "chance_s_ba_min_0", "s_ba_min_1", "s_ba_min_2"} <= scores["beats"].keys()
    assert 0 <= scores["pose"]["detected_share"] <= 1
    print(f"{video}: {frames} frames, {music.duration_s:.2f} s of song, sound alike by {likeness:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
