"""Files with more than one clock: nothing is lost, picture and sound stay together, and a line says so."""

import logging

import av
import numpy as np
import pytest
from media_files import clicks, flashes, join, load_sound, retime, write_file

from danceit_core.errors import MediaError
from danceit_core.media.decode import decode_frames, decode_stills

FPS = 24
FRAME_S = 1 / FPS
RATE_HZ = 48000
# Of a file's clock that counts 33 bits of 1/90000 s.
OVERFLOW_S = 2**33 / 90000
PICTURES, SOUND = 256, 257  # in an MPEG-TS
CODECS = {
    ".ts": {"sound_codec": "aac"},
    ".vob": {"codec": "mpeg2video", "sound_codec": "mp2", "options": {"bf": "2"}},
    ".mpg": {"codec": "mpeg2video", "sound_codec": "mp2", "options": {"bf": "2"}},
    ".mkv": {"sound_codec": "flac"},
    ".webm": {"codec": "libvpx", "sound_codec": "libopus", "options": {"deadline": "realtime", "cpu-used": "8"}},
}


def part(path, *, length_s, events_s, start_s=0.0, late_s=0.0, silent=False, reordered=True, times_s=None, **more):
    """A recording whose clock begins at start_s, with a flash and a click at each of events_s after that."""
    times = start_s + (np.arange(round(length_s * FPS)) / FPS if times_s is None else np.asarray(times_s))
    options = {"crf": "10", "bf": "2" if reordered else "0", "x264-params": "scenecut=0"}
    sound = clicks(np.array(events_s), length_s=length_s, sample_rate_hz=RATE_HZ)
    codecs = {"options": options} | CODECS.get(path.suffix, {}) | more
    if silent:
        codecs.pop("sound_codec")
    return write_file(
        path,
        pictures=flashes(times, flash_s=[start_s + event for event in events_s], side=64),
        times_s=times,
        sound=None if silent else sound[round(late_s * RATE_HZ) :],
        sound_start_s=start_s + late_s,
        rate=FPS,
        **codecs,
    )


def seen_s(path):
    """Seconds of the frames at which a flash begins, and of how many there are."""
    lit = np.array([frame.mean() > 150 for frame in decode_frames(path, fps=FPS, size=None)])
    return (np.flatnonzero(lit[1:] & ~lit[:-1]) + 1) / FPS, len(lit) / FPS


def heard_s(path):
    samples = np.abs(load_sound(path, sample_rate_hz=RATE_HZ))
    loud = np.flatnonzero(samples > 0.25) / RATE_HZ
    return np.array([time for index, time in enumerate(loud) if index == 0 or time - loud[index - 1] > 0.1])


def expect(path, *, events_s, length_s):
    """Every flash and click is there at its time and both at once; codecs begin up to 0.05 s early."""
    (seen, length), heard = seen_s(path), heard_s(path)
    assert len(seen) == len(heard) == len(events_s)
    assert np.abs(seen - heard).max() <= FRAME_S + 0.015
    assert seen == pytest.approx(events_s, abs=0.2)
    assert length == pytest.approx(length_s, abs=0.25)


@pytest.mark.parametrize("suffix", CODECS)
def test_joined_recordings(tmp_path, suffix, caplog):
    first = part(tmp_path / f"a{suffix}", length_s=2, events_s=[0.5, 1.5])
    second = part(tmp_path / f"b{suffix}", length_s=1.5, events_s=[1.0])
    # FFmpeg's demuxer reads two parts of a joined Matroska file.
    parts = 2 if suffix in (".mkv", ".webm") else 3
    path = join(tmp_path / f"joined{suffix}", [first, second, first][:parts])
    with caplog.at_level(logging.WARNING):
        expect(path, events_s=[0.5, 1.5, 3.0, 4.0, 5.0][: 2 * parts - 1], length_s=(3.5, 5.5)[parts - 2])
    lines = [record.message for record in caplog.records]
    assert len(lines) == 2
    assert f"joined{suffix}: its clock jumps, as in joined recordings; the picture continues" in lines[0]
    assert "the sound continues without a gap there (at 2." in lines[1]
    stills = [still.passage for still in decode_stills(path, fps=FPS, size=(64, 64))]
    assert stills == sorted(stills)
    begins = [stills.index(passage) for passage in range(parts)]
    assert begins == pytest.approx([0, 48, 84][:parts], abs=3)


@pytest.mark.parametrize("starts_s", [(0, 5000), (5000, 0), (100, OVERFLOW_S - 1, 30), (0, 6), (7, 0, 7, 0)])
def test_joined_recordings_of_any_clock(tmp_path, starts_s):
    parts = [
        part(tmp_path / f"{number}.ts", length_s=1.5, events_s=[1.0], start_s=start_s)
        for number, start_s in enumerate(starts_s)
    ]
    events_s = 1 + 1.5 * np.arange(len(parts))
    expect(join(tmp_path / "joined.ts", parts), events_s=events_s, length_s=1.5 * len(parts))


@pytest.mark.parametrize("before_s", [1.0, 2.5, 61.0])
def test_a_counter_that_overflows(tmp_path, caplog, before_s):
    length_s = before_s + 1.5
    times = np.arange(0, length_s, 1 if before_s > 60 else FRAME_S)
    events_s = [times[-2]] if before_s > 60 else [0.5, before_s + 1]
    path = part(
        tmp_path / "a.ts", length_s=length_s, events_s=events_s, start_s=OVERFLOW_S - before_s, times_s=times
    )  # fmt: skip
    expect(path, events_s=events_s, length_s=times[-1] + times[1])
    assert caplog.text == ""


def test_parts_without_sound(tmp_path):
    loud = part(tmp_path / "loud.ts", length_s=2, events_s=[0.5, 1.5])
    silent = part(tmp_path / "silent.ts", length_s=1.5, events_s=[1.0], silent=True)
    for parts, seen, heard in (
        ([silent, loud], [1.0, 2.0, 3.0], [2.0, 3.0]),
        ([loud, silent, loud], [0.5, 1.5, 3.0, 4.0, 5.0], [0.5, 1.5, 4.0, 5.0]),
    ):
        path = join(tmp_path / "joined.ts", parts)
        assert seen_s(path)[0] == pytest.approx(seen, abs=0.15)
        assert heard_s(path) == pytest.approx(heard, abs=0.15)
        common = [time for time in seen_s(path)[0] if np.abs(heard_s(path) - time).min() < 0.2]
        assert common == pytest.approx(heard_s(path), abs=FRAME_S + 0.001)


def test_a_part_whose_sound_begins_late(tmp_path):
    first = part(tmp_path / "a.ts", length_s=2, events_s=[0.5, 1.5])
    late = part(tmp_path / "b.ts", length_s=2, events_s=[1.5], late_s=0.8)
    expect(join(tmp_path / "joined.ts", [first, late]), events_s=[0.5, 1.5, 3.5], length_s=4)


def test_a_part_whose_streams_have_other_numbers(tmp_path):
    first = part(tmp_path / "a.ts", length_s=2, events_s=[0.5, 1.5])
    second = part(tmp_path / "b.ts", length_s=1.5, events_s=[1.0])
    with (
        av.open(str(second)) as source,
        av.open(str(tmp_path / "c.ts"), "w", options={"mpegts_start_pid": "0x200"}) as container,
    ):
        streams = [container.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                container.mux(packet)
    path = join(tmp_path / "joined.ts", [first, tmp_path / "c.ts"])
    assert seen_s(path)[0] == pytest.approx([0.5, 1.5, 3.0], abs=0.15)
    assert seen_s(path)[0] == pytest.approx(heard_s(path), abs=FRAME_S + 0.001)


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(".ts", "aac"), (".ogg", "vorbis"), (".opus", "libopus"), (".flac", "flac"), (".mka", "flac"), (".mp3", "mp3"),
     (".aac", "aac")],
)  # fmt: skip
def test_joined_songs(tmp_path, suffix, codec):
    parts = [
        write_file(
            tmp_path / f"{number}{suffix}",
            sound=np.repeat(clicks(at_s, length_s=2, sample_rate_hz=RATE_HZ)[None], 2, axis=0),
            sound_codec=codec,
        )
        for number, at_s in enumerate(([0.5, 1.5], [1.0]))
    ]
    parts = [*parts, parts[1]] if suffix != ".mka" else parts
    path = join(tmp_path / f"joined{suffix}", parts)
    assert heard_s(path) == pytest.approx([0.5, 1.5, 3.0, 5.0][: 1 + len(parts)], abs=0.15)
    assert len(load_sound(path, sample_rate_hz=RATE_HZ)) / RATE_HZ == pytest.approx(2 * len(parts), abs=0.15)


def test_one_damaged_time_changes_nothing_else(tmp_path):
    for wrong_s in (0.0, 500.0):
        path = part(tmp_path / "a.ts", length_s=3, events_s=[0.5, 2.5], start_s=20, reordered=False)
        retime(path, PICTURES, lambda number, time_s, wrong_s=wrong_s: wrong_s if number == 36 else time_s)
        expect(path, events_s=[0.5, 2.5], length_s=3)


def test_sound_that_jumps_alone_stays_where_it_says(tmp_path):
    # Two blocks are said to be 1.2 s earlier than they are: cut as before, what follows is where it was.
    path = part(tmp_path / "a.ts", length_s=3, events_s=[0.5, 2.5], start_s=20)
    retime(path, SOUND, lambda number, time_s: time_s - 1.2 if 10 <= number < 12 else time_s)
    expect(path, events_s=[0.5, 2.5], length_s=3)


def test_a_clock_that_stands(tmp_path, caplog):
    path = part(tmp_path / "a.ts", length_s=3, events_s=[0.5, 2.5], reordered=False)
    retime(path, PICTURES, lambda number, time_s: 1.4)
    retime(path, SOUND, lambda number, time_s: 1.4)
    with caplog.at_level(logging.WARNING):
        seen, length = seen_s(path)
        assert heard_s(path) == pytest.approx([0.5, 2.5], abs=0.1)
    # Nothing says how many pictures a second there are: 25.
    assert seen == pytest.approx([12 / 25, 60 / 25], abs=0.1)
    assert length == pytest.approx(72 / 25, abs=0.1)
    assert "its clock stands still; the picture is timed by its average rate there" in caplog.text
    assert "its clock stands still; the sound is timed by its average rate there" in caplog.text


def test_a_clock_that_stands_for_a_while(tmp_path):
    path = part(tmp_path / "a.ts", length_s=3, events_s=[0.5, 2.5], silent=True, reordered=False)
    retime(path, PICTURES, lambda number, time_s: time_s - max(0, min(number, 40) - 20) * FRAME_S)
    seen, length = seen_s(path)
    assert seen == pytest.approx([0.5, 2.5], abs=FRAME_S + 0.001)
    assert length == pytest.approx(3, abs=0.1)


def test_pictures_that_come_late_are_told_of(tmp_path, caplog):
    # Twenty pictures are said to be shown before the one that they follow, by less than reordering may do.
    path = part(tmp_path / "a.ts", length_s=3, events_s=[0.5], silent=True, reordered=False)
    retime(path, PICTURES, lambda number, time_s: time_s - (0.6 if 30 <= number < 44 else 0))
    with caplog.at_level(logging.WARNING):
        assert seen_s(path)[1] == pytest.approx(3, abs=0.1)
    assert "a.ts: 14 pictures come too late and are left out" in caplog.text


@pytest.mark.parametrize("gap_s", [1.0, 5.0])
def test_a_picture_that_stands_is_no_jump(tmp_path, gap_s, caplog):
    times = np.concatenate([np.arange(24) / FPS, 1 + gap_s + np.arange(24) / FPS])
    path = part(tmp_path / "a.mkv", length_s=2 + gap_s, events_s=[0.5, times[30]], times_s=times)
    expect(path, events_s=[0.5, times[30]], length_s=2 + gap_s)
    with_sound = part(tmp_path / "a.ts", length_s=2 + gap_s, events_s=[0.5, times[30]], times_s=times)
    expect(with_sound, events_s=[0.5, times[30]], length_s=2 + gap_s)
    assert caplog.text == ""


def test_a_jump_ahead_of_years_is_refused_where_no_clock_may_change(tmp_path):
    times = [*np.arange(24) / FPS, 3600.0]
    path = part(tmp_path / "a.mkv", length_s=1, events_s=[0.5], times_s=times, silent=True)
    with pytest.raises(MediaError, match=r"nothing is shown or heard for 3599 s after 1 s, more than 600 s"):
        list(decode_frames(path, fps=FPS, size=None))


def test_what_is_not_read_is_told_of(tmp_path, caplog):
    noise = np.random.default_rng(0).integers(0, 255, (24, 96, 96, 3), dtype=np.uint8)
    path = write_file(tmp_path / "a.mp4", pictures=list(noise), times_s=np.arange(24) / FPS)
    with caplog.at_level(logging.WARNING):
        assert sum(1 for _ in decode_frames(path, fps=FPS, size=None)) == 24
        assert caplog.text == ""
        joined = join(tmp_path / "joined.mp4", [path, path])
        assert sum(1 for _ in decode_frames(joined, fps=FPS, size=None)) == 24
    assert "joined.mp4: no pictures can be read in its last 0." in caplog.text
    assert "If it was joined from several files, give each of them a line in the table" in caplog.text


def test_a_normal_file_is_read_once(tmp_path, monkeypatch):
    # In a file: sound is decoded in a child process.
    opened = (tmp_path / "opened").open("ab", buffering=0)
    monkeypatch.setattr(av, "open", lambda *given, _open=av.open, **more: opened.write(b"x") and _open(*given, **more))
    path = part(tmp_path / "a.mkv", length_s=2, events_s=[0.5])
    opened.truncate(0)
    assert len(list(decode_frames(path, fps=FPS, size=None))) == 48
    load_sound(path, sample_rate_hz=RATE_HZ)
    # Once for the pictures, and to list the sound tracks and decode one.
    assert (tmp_path / "opened").stat().st_size == 3


def test_the_last_pictures_of_a_file_whose_sound_is_its_first_stream(tmp_path):
    path = part(tmp_path / "a.mp4", length_s=2, events_s=[0.5, 47 / FPS], sound_codec="aac")
    with av.open(str(path)) as source, av.open(str(tmp_path / "b.mp4"), "w") as container:
        streams = [container.add_stream_from_template(source.streams[number]) for number in (1, 0)]
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[1 - packet.stream.index]
                container.mux(packet)
    for name in ("a.mp4", "b.mp4"):
        expect(tmp_path / name, events_s=[0.5, 47 / FPS], length_s=2)
        assert seen_s(tmp_path / name)[1] == 2


def test_a_clock_that_jumps_with_each_picture(tmp_path):
    path = part(tmp_path / "a.ts", length_s=5, events_s=[0.5], silent=True, reordered=False)
    rng = np.random.default_rng(0)
    retime(path, PICTURES, lambda number, time_s: rng.uniform(0, 90000))
    assert sum(1 for _ in decode_frames(path, fps=FPS, size=None)) == pytest.approx(120, abs=10)
