"""Clips: the same stretch of picture and sound in every variant, under names that do not tell which."""

import json
from collections import defaultdict

import av
import numpy as np
import pytest
import soundfile
from tiny_study import FPS, RATE_HZ, ROOT, SONG_S, VARIANTS, make_study, read_marks, sweep

from danceit_core.config import UserStudySettings
from danceit_core.errors import StudyError
from danceit_core.input_tables import load_schema
from danceit_core.media.audio import stream_sound
from danceit_core.media.part import SourcePart
from danceit_core.media.sound_source import SoundSource
from danceit_core.media.video import VideoWriter, decode_frames, probe
from danceit_core.user_study.clips import READ_AT_ONCE, cut_clips
from danceit_core.user_study.stretches import Stretch, draw_stretches, variant_settings
from danceit_core.user_study.study import read_study

SETTINGS = UserStudySettings(clips=4, clip_s=2.0)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("results"))


def test_clips_keep_the_shape_and_the_rate_of_the_finished_videos(tmp_path):
    """Of a portrait at 60 frames per second, over the end of what is read at once."""
    song, video = tmp_path / "song.wav", tmp_path / "v.mp4"
    soundfile.write(song, sweep(2.0), RATE_HZ)
    with VideoWriter(video, fps=60, size=(36, 64), crf=4) as writer:
        for frame in range(120):
            writer.write(np.full((64, 36, 3), 2 * frame, np.uint8))
    stretch, about = Stretch("song", 15, READ_AT_ONCE + 20), {"person": "p", "fps": 60.0, "crf": 4, "seed": 0}
    clips = cut_clips(tmp_path / "clips", [stretch], {"full": {"song": video}}, {"song": song}, **about)
    made = tmp_path / "clips" / clips[0].file
    assert (probe(made).width, probe(made).height, probe(made).fps) == (36, 64, 60)
    levels = [picture.mean() for picture in decode_frames(made, fps=60, size=None)]
    assert levels == pytest.approx([2 * frame for frame in range(15, 15 + READ_AT_ONCE + 20)], abs=3)


def test_the_sound_of_a_song_that_is_an_excerpt_is_the_excerpts(tmp_path):
    song, video = tmp_path / "song.wav", tmp_path / "v.mp4"
    soundfile.write(song, sweep(6.0), RATE_HZ)
    with VideoWriter(video, fps=24, size=(16, 16), crf=20) as writer:
        for _ in range(96):
            writer.write(np.zeros((16, 16, 3), np.uint8))
    about = {"person": "p", "fps": 24.0, "crf": 20, "seed": 0}
    source = SoundSource(song, None, SourcePart(None, 1.5, 5.5))
    clips = cut_clips(
        tmp_path / "clips", [Stretch("song", 12, 36)], {"full": {"song": video}}, {"song": source}, **about
    )
    heard = np.concatenate(list(stream_sound(tmp_path / "clips" / clips[0].file, sample_rate_hz=48000)), axis=1)[0]
    with SoundSource(song).open(sample_rate_hz=48000) as whole:
        expected = whole.stereo(slice(2 * 48000, 2 * 48000 + 72000))[0]
    assert len(heard) == 72000
    # AAC is no exact copy.
    assert np.corrcoef(heard[4800:-4800], expected[4800:-4800])[0, 1] > 0.99


def starts(stretches, song):
    return [stretch.start_frame for stretch in stretches if stretch.song == song]


def test_stretches_are_apart_while_there_is_room():
    stretches = draw_stretches({"a": 200, "b": 480}, fps=24, settings=SETTINGS, seed=3)
    assert len(stretches) == 4
    for song, frames in {"a": 200, "b": 480}.items():
        assert all(0 <= start <= frames - 48 for start in starts(stretches, song))
        assert all(np.diff(starts(stretches, song)) >= 48)


def test_in_a_short_song_they_overlap_but_differ():
    stretches = draw_stretches({"a": 60}, fps=24, settings=UserStudySettings(clips=10, clip_s=2.0), seed=0)
    assert len(set(starts(stretches, "a"))) == 10
    # As many as there are places, where that is fewer.
    assert len(draw_stretches({"a": 50}, fps=24, settings=UserStudySettings(clips=10, clip_s=2.0), seed=0)) == 3


def test_a_seed_gives_one_choice_and_other_seeds_others():
    made = [tuple(draw_stretches({"a": 900}, fps=24, settings=SETTINGS, seed=seed)) for seed in (0, 0, 1, 2)]
    assert made[0] == made[1]
    assert len(set(made)) == 3


def test_songs_shorter_than_a_clip_are_left_out_or_one_line():
    assert not starts(draw_stretches({"a": 47, "b": 400}, fps=24, settings=SETTINGS, seed=0), "a")
    with pytest.raises(StudyError, match=r"clips of 2 s from songs of up to 1\.0 s; lower user_study\.clip_s"):
        draw_stretches({"a": 24}, fps=24, settings=SETTINGS, seed=0)


def test_variants_change_the_alignment_and_nothing_else():
    given = {
        "spatial_alignment": {"variant": "crossfade", "window": 9, "foot_lock": True},
        "temporal_alignment": {"variant": "warp", "strength": 0.5},
    }
    assert variant_settings(given, "full") == given
    for variant in ("none", "linear"):
        changed = variant_settings(given, variant)
        assert changed["spatial_alignment"] == {"variant": variant, "window": 9, "foot_lock": False}
        assert changed["temporal_alignment"] == {"variant": "none", "strength": 0.5}
    with pytest.raises(StudyError, match="no variant 'tsd' of the user study"):
        variant_settings(given, "tsd")


def test_the_schema_knows_the_variants():
    schema = load_schema(ROOT / "workflow" / "schemas", "config")
    assert tuple(schema["properties"]["user_study"]["properties"]["variants"]["items"]["enum"]) == VARIANTS


def test_each_clip_shows_its_stretch_of_its_variant_frame_by_frame(study):
    assert len(study.clips) == 9
    for clip in study.clips:
        stretch = study.stretches[clip.stretch]
        shown = [read_marks(picture) for picture in decode_frames(study.path_of(clip), fps=FPS, size=None)]
        wanted = range(stretch.start_frame, stretch.start_frame + stretch.frames)
        assert shown == [(number, VARIANTS.index(clip.variant) + 1) for number in wanted]


def test_the_sound_is_the_song_s_to_the_sample(study):
    song = sweep(SONG_S)[:, 0]
    for clip in study.clips:
        sound = np.concatenate(list(stream_sound(study.path_of(clip), sample_rate_hz=RATE_HZ)), axis=1)[0]
        first = round(study.stretches[clip.stretch].start_frame / FPS * RATE_HZ)
        assert len(sound) == RATE_HZ
        # Where the middle half of the clip lies in the song: the pitch of each moment is like no other.
        middle = sound[RATE_HZ // 4 : 3 * RATE_HZ // 4]
        found = np.correlate(song[first : first + RATE_HZ + 2000], middle[:4000], "valid").argmax()
        assert found == RATE_HZ // 4
        assert np.corrcoef(middle, song[first + RATE_HZ // 4 : first + 3 * RATE_HZ // 4])[0, 1] > 0.99


def test_it_is_h264_and_aac(study):
    with av.open(str(study.path_of(study.clips[0]))) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]


def test_neither_names_nor_tags_nor_places_tell_the_variant(study):
    numbers = defaultdict(set)
    for clip in study.clips:
        numbers[clip.variant].add(int(clip.file.removesuffix(".mp4")))
    assert sorted(set.union(*numbers.values())) == list(range(9))
    # Dealt out at random: no variant has its numbers in a row, or all of one remainder.
    assert all(max(own) - min(own) > 2 and len({n % 3 for n in own}) > 1 for own in numbers.values())
    with av.open(str(study.path_of(study.clips[0]))) as container:
        shown = str(container.metadata).lower()
    assert "synthetic" in shown
    assert not any(variant in shown.replace("alignment", "") for variant in VARIANTS)


def test_a_damaged_or_missing_study_is_one_line(study, tmp_path):
    with pytest.raises(StudyError, match=r"no user study is prepared there; run `snakemake"):
        read_study(tmp_path / "study.json")
    path = study.folder.parent / "study.json"
    about = json.loads(path.read_text())
    for damaged in ("[]", "{", "null", json.dumps(about | {"clips": []}), json.dumps(about | {"stretches": []}),
                    json.dumps(about | {"clips": [about["clips"][0] | {"file": "../../secret.mp4"}]})):  # fmt: skip
        (tmp_path / "study.json").write_text(damaged)
        with pytest.raises(StudyError, match=r"is no user study \(.*\); delete it"):
            read_study(tmp_path / "study.json")
    (tmp_path / "study.json").write_text(path.read_text())
    with pytest.raises(StudyError, match="lacks 9 clips"):
        read_study(tmp_path / "study.json")
