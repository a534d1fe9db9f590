"""What a run leaves for the page of a song: plan, poses, a draft whose pictures are numbered, a mix of two hours."""

import itertools

import numpy as np
from dancers import wandering_dancer
from tiny_room import PERSON, SONG
from tiny_study import FPS, SIDE, SONG_S, marked

from danceit_core.choreography.plan import Plan, write_plan
from danceit_core.media.video import VideoWriter
from danceit_core.music.table import Beats, MusicTable, Section, write_music_table
from danceit_core.place import Place
from danceit_core.pose.table import write_pose_table

BARE = "bare"
MIX, MIX_S, MIX_CLIPS = "mix", 7200, 3600
TEMPO_BPM = 120.0
# First frames of the clips' fragments in the dances of `tiny_study.make_project`, which are cut every half second.
SOURCES = (("dance_1", 0), ("dance_2", 12), ("dance_1", 48), ("dance_2", 60), ("dance_1", 24), ("dance_2", 96))


def dance(place: Place, *, seconds: float = SONG_S, draft: bool = True) -> None:
    """Write the plan of one clip a second of SONG, its music, PERSON's poses, and a draft."""
    plan = _plan(round(seconds), fps=FPS)
    write_plan(place.plan(SONG), plan)
    write_music_table(place.music(SONG), _music(seconds))
    frames = round(seconds * FPS)
    poses = wandering_dancer(frames, seed=3)
    clip = np.minimum(np.arange(frames) // round(FPS), round(seconds) - 1)
    columns = {
        "source_video": plan.source_video[clip],
        "source_frame": plan.source_start_frame[clip] + np.arange(frames) - plan.start_frame[clip],
    }
    about = {"seams": plan.seams.tolist()}
    write_pose_table(place.poses(PERSON, SONG), poses, fps=FPS, size=(512, 512), columns=columns, metadata=about)
    if draft:
        with VideoWriter(place.draft(PERSON, SONG), fps=FPS, size=(SIDE, SIDE), crf=20, gop=12) as writer:
            for frame in range(frames):
                writer.write(marked(frame % 256, 1))


def add_songs(place: Place) -> None:
    """Two more songs with the short one's sound: BARE, of which nothing is made, and MIX, 14,400 beats, 3,600 clips."""
    songs = place.tables["songs"]
    path = songs.read_text().splitlines()[1].split("\t")[1]
    songs.write_text(f"{songs.read_text()}{MIX}\t{path}\n{BARE}\t{path}\n")
    write_plan(place.plan(MIX), _plan(MIX_CLIPS, fps=FPS, clip_s=MIX_S / MIX_CLIPS))
    write_music_table(place.music(MIX), _music(MIX_S))


def _plan(clips: int, *, fps: float, clip_s: float = 1.0) -> Plan:
    frames = round(clip_s * fps)
    sources = [SOURCES[clip % len(SOURCES)] for clip in range(clips)]
    return Plan(
        start_frame=np.arange(clips) * frames,
        frames=np.full(clips, frames),
        fragment_id=np.array([f"{video}:{first}" for video, first in sources], object),
        source_video=np.array([video for video, _ in sources], object),
        source_start_frame=np.array([first for _, first in sources]),
        rate=np.ones(clips),
        match_distance=np.linspace(0.6, 1.6, clips),
        about={"edits": []},
    )


def _music(seconds: float) -> MusicTable:
    frames, rng = round(seconds * FPS), np.random.default_rng(1)
    times_s = np.arange(0, seconds, 60 / TEMPO_BPM)
    beats = Beats(times_s, TEMPO_BPM, place=1 + np.arange(len(times_s)) % 4, meter=4)
    loudness = np.full(frames, -20.0, np.float32)
    parts = max(2, round(seconds / 30))
    edges = np.linspace(0, seconds, parts + 1)
    sections = tuple(
        Section(float(start), float(end), "ABC"[part % 3])
        for part, (start, end) in enumerate(itertools.pairwise(edges))
    )
    features = rng.random((frames, 13), np.float32)
    return MusicTable(features, loudness, beats, FPS, "mfcc", seconds, silent=False, sections=sections)
