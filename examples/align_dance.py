"""Align a dance with the beats of a song that it was never danced to, and draw it as a video of the skeleton.

python examples/align_dance.py results/cleaned/dancer_1.parquet song.flac aligned.mp4
"""

import sys

from danceit_core.choreography.curve import hide_absent, show_absent
from danceit_core.choreography.motion_beats import find_hits, step_speed
from danceit_core.choreography.preview import picture_size, preview_frames
from danceit_core.choreography.temporal import align_beats
from danceit_core.config import MusicSettings, TemporalSettings
from danceit_core.media.audio import read_peaks
from danceit_core.media.video import VideoWriter
from danceit_core.music.track import analyse_song
from danceit_core.pose.table import PoseTable, read_pose_table

SIZE, PEAKS_PER_S = 384, 200


def main(cleaned: str, song: str, out: str) -> None:
    given = read_pose_table(cleaned)
    music = analyse_song(song, settings=MusicSettings(), fps=given.fps, fragment_s=1.0)
    dance, beats_s = hide_absent(given.keypoints[: len(music)]), music.beats.times_s
    aligned, _ = align_beats(dance, beats_s, fps=given.fps, settings=TemporalSettings(strength=1.0))
    for name, keypoints in (("before", dance), ("after", aligned)):
        hits = find_hits(step_speed(show_absent(keypoints)), beats_s, fps=given.fps, kind="min")
        print(f"{name}: {hits.hit.sum()} of {len(hits.music_s)} beats met")
    poses, peaks = PoseTable(show_absent(aligned), given.metadata), read_peaks(song, per_s=PEAKS_PER_S)
    with VideoWriter(out, fps=poses.fps, size=picture_size(poses.size, size=SIZE), crf=20, sound=song) as writer:
        for frame in preview_frames(poses, music, peaks, size=SIZE, peaks_per_s=PEAKS_PER_S, kind="min"):
            writer.write(frame)


if __name__ == "__main__":
    main(*sys.argv[1:])
