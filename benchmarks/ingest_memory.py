"""Peak memory and speed of ingest on a long 4K video; neither may depend on its length.

    python benchmarks/ingest_memory.py --minutes 1 10 120
    python benchmarks/ingest_memory.py --minutes 1 --long-side 3840

A clip of 8 s (3840 x 2160, 24 frames per second, H.264 and AAC) is encoded once; its packets are repeated up to the
requested length. Picture (frame store, cuts, report) and sound (music table) are read in separate processes.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from danceit_core.config import MusicSettings, VideoSettings
from danceit_core.media.encode import SOUND_RATE_HZ
from danceit_core.media.source import ingest_video
from danceit_core.music.track import analyse_dance

CLIP_S, FPS, SIZE = 8, 24, (3840, 2160)


def make_clip(path: Path, *, size: tuple[int, int] = SIZE) -> None:
    """Write a textured picture (width, height) that pans over the whole clip, a bright bar crossing it, and beats."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (size[1] // 32 + 1, (size[0] + 20 * CLIP_S * FPS) // 32 + 2, 3), dtype=np.uint8)
    wall = np.kron(coarse, np.ones((32, 32, 1), np.uint8))
    time_s = np.arange(CLIP_S * SOUND_RATE_HZ) / SOUND_RATE_HZ
    sound = (0.5 * np.sin(880 * np.pi * time_s) * (time_s % 0.5 < 0.1)).astype(np.float32)
    with av.open(str(path), "w") as container:
        # No picture refers beyond the clip, so that it can be repeated.
        video = container.add_stream("libx264", rate=FPS, options={"preset": "superfast", "crf": "30", "bf": "2"})
        video.width, video.height = size
        video.pix_fmt, video.time_base = "yuv420p", Fraction(1, FPS)
        audio = container.add_stream("aac", rate=SOUND_RATE_HZ, layout="mono")
        for k in range(CLIP_S * FPS):
            picture = wall[: size[1], 20 * k : 20 * k + size[0]].copy()
            picture[size[1] * 5 // 18 : size[1] * 5 // 6, 15 * k : 15 * k + 300] = 230
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        block = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = SOUND_RATE_HZ, 0, Fraction(1, SOUND_RATE_HZ)
        container.mux(audio.encode(block))
        container.mux(audio.encode(None))


def repeat_clip(clip: Path, path: Path, *, times: int) -> None:
    """Repeat the clip's packets, each time later by its length; nothing is decoded."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as container:
        streams = {
            s.index: container.add_stream_from_template(s) for s in (*source.streams.video, *source.streams.audio)
        }
        packets = [
            (packet, packet.stream.index, packet.time_base, packet.pts, packet.dts)
            for packet in source.demux()
            if packet.dts is not None and 0 <= packet.pts * packet.time_base < CLIP_S
        ]
        for round_number in range(times):
            for packet, index, time_base, pts, dts in packets:
                shift = round(round_number * CLIP_S / time_base)
                packet.stream, packet.time_base = streams[index], time_base
                packet.pts, packet.dts = pts + shift, dts + shift
                container.mux(packet)


def peak_mb() -> float:
    """Peak resident memory, MB, of this process or of the child that decodes, whichever is larger.

    A child's `ru_maxrss` begins with that of the process that started it, so this process uses another source.
    """
    status = Path("/proc/self/status").read_text()
    own_kb = int(status.split("VmHWM:")[1].split()[0])
    return max(own_kb, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def measure(stage: str, path: Path, *, long_side: int) -> None:
    """Run one stage on `path` in this process; print frames, seconds and peak memory in MB."""
    start_s = time.monotonic()
    if stage == "picture":
        store = path.with_name("store.mp4")
        frames = ingest_video(path, store, settings=VideoSettings(), long_side=long_side, tolerant=False).frames
    else:
        frames = len(analyse_dance(path, settings=MusicSettings(), fps=FPS))
    print(frames, time.monotonic() - start_s, peak_mb())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0], help="lengths to measure")
    parser.add_argument(
        "--long-side", type=int, default=VideoSettings.size, help="longer side of the frame store's pictures"
    )
    parser.add_argument("--folder", type=Path, help="folder of temporary files (about 60 MB per minute)")
    parser.add_argument("--measure", nargs=2, metavar=("STAGE", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]), long_side=options.long_side)
        return
    print("| minutes | frames | picture: peak MB | frames/s | sound: peak MB | frames/s |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        clip = Path(name) / "clip.mp4"
        make_clip(clip)
        for minutes in options.minutes:
            path = Path(name) / "long.mp4"
            repeat_clip(clip, path, times=max(1, round(minutes * 60 / CLIP_S)))
            cells = [f"{minutes:g}"]
            for stage in ("picture", "sound"):
                command = [sys.executable, __file__, "--measure", stage, str(path)]
                command += ["--long-side", str(options.long_side)]
                done = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
                frames, seconds, most_mb = int(done[0]), float(done[1]), float(done[2])
                cells += [str(frames)] * (stage == "picture") + [f"{most_mb:.0f}", f"{frames / seconds:.1f}"]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
