"""Search the fragments of a dance that fit each part of a song best.

    python examples/search_fragments.py results/matcher/2s/matcher.pt song.flac results/cleaned/dancer_1.parquet \
        data/demo/dancer_1.mp4
"""

import sys

import torch

from danceit_core.choreography.slots import even_slots
from danceit_core.choreography.song import embed_slots, search_slots
from danceit_core.config import FragmentSettings, MusicSettings
from danceit_core.database.fragments import cut_fragments
from danceit_core.database.gather import frames_in_memory
from danceit_core.matcher.index import FragmentIndex
from danceit_core.matcher.model import load_matcher
from danceit_core.music.track import analyse_dance, analyse_song
from danceit_core.pose.table import read_pose_table


def main(matcher_path: str, song: str, cleaned: str, dance_sound: str) -> None:
    matcher, pose = load_matcher(matcher_path, device=torch.device("cpu")), read_pose_table(cleaned)
    assert matcher, "no matcher could be trained on these dances"
    learnt = matcher.checkpoint  # it needs the features and the fragment length that it was trained on
    seconds, hearing = learnt["seconds"], MusicSettings(features=learnt["feature_set"])
    own = analyse_dance(dance_sound, settings=hearing, fps=pose.fps)
    fragments = cut_fragments(frames_in_memory({"dance": (pose, own)}), seconds=seconds, settings=FragmentSettings())
    index = FragmentIndex.of(matcher.embed_fragments(fragments))
    music = analyse_song(song, settings=hearing, fps=pose.fps, fragment_s=seconds)
    slots = even_slots(len(music), fragment_frames=fragments.length, fps=pose.fps)
    found = search_slots(embed_slots(music, slots, matcher=matcher), index=index, count=3)
    for start, rows, distances in zip(slots.start, found.rows, found.distance, strict=True):
        best = zip(fragments.table["fragment_id"].iloc[rows], distances, strict=True)
        print(f"{start / pose.fps:6.2f} s ", ", ".join(f"{name} ({away:.2f})" for name, away in best))


if __name__ == "__main__":
    main(*sys.argv[1:])
