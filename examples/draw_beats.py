"""Draw the beats of a song over its waveform.

python examples/draw_beats.py song.flac beats.png
"""

import sys

import numpy as np
from matplotlib.figure import Figure

from danceit_core.config import MusicSettings
from danceit_core.media.audio import read_peaks
from danceit_core.music.track import analyse_song

PEAKS_PER_S = 100


def main(song: str, out: str) -> None:
    music = analyse_song(song, settings=MusicSettings(), fps=24.0, fragment_s=2.0)
    peaks = read_peaks(song, per_s=PEAKS_PER_S)
    figure = Figure(figsize=(12, 2.5), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(np.arange(len(peaks)) / PEAKS_PER_S, -peaks, peaks, color="#b9cde3", lw=0)
    axes.vlines(music.beats.times_s, -1, 1, color="#c9a227")
    axes.set(xlabel="seconds", yticks=[], title=f"{song}: {music.beats.tempo_bpm:.0f} beats a minute")
    figure.savefig(out)
    print(f"{len(music.beats.times_s)} beats, {music.beats.tempo_bpm:.1f} a minute, in {music.duration_s:.1f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
