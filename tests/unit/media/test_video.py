"""Video: time is what counts, not the number of frames; files come whole or not at all; errors name the file."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from media_files import clicks, flashes, load_sound, write_file

from danceit_core.errors import MediaError
from danceit_core.media.audio import write_sound
from danceit_core.media.decode import Shown, hold_frames
from danceit_core.media.letterbox import letterbox
from danceit_core.media.video import Letterbox, VideoWriter, decode_frames, probe, read_frames

FPS = 24


def shown(times_s, last_s):
    ends = [*times_s[1:], times_s[-1] + last_s]
    return [Shown(start, end, index) for index, (start, end) in enumerate(zip(times_s, ends, strict=True))]


def lit_frames(path, fps=FPS):
    return [k for k, frame in enumerate(decode_frames(path, fps=fps, size=None)) if frame.mean() > 200]


def click_times_s(samples, rate_hz):
    loud = np.flatnonzero(np.abs(samples) > 0.25) / rate_hz
    return [float(time) for index, time in enumerate(loud) if index == 0 or time - loud[index - 1] > 0.05]


def numbered(count, side=64):
    """Pictures that differ: a white bar that moves by one pixel a frame."""
    pictures = np.full((count, side, side, 3), 40, np.uint8)
    for index in range(count):
        pictures[index, :, index % side] = 255
    return pictures


@pytest.mark.parametrize("source_fps", [10, 23.976, 24, 25, 29.97, 60])
def test_hold_frames_at_any_rate_takes_the_last_picture_by_then(source_fps):
    times = np.arange(round(5 * source_fps)) / source_fps
    end_s = times[-1] + 1 / source_fps
    chosen = list(hold_frames(shown(times, 1 / source_fps), fps=FPS, tolerance_s=1e-6))
    expected = [np.searchsorted(times, k / FPS + 1e-6, side="right") - 1 for k in range(int(end_s * FPS + 0.5))]
    assert chosen == expected


def test_hold_frames_random_times():
    rng = np.random.default_rng(3)
    for _ in range(50):
        times = np.cumsum(rng.exponential(0.05, size=rng.integers(1, 60)))
        last_s = float(rng.uniform(0.001, 0.3))
        chosen = list(hold_frames(shown(times, last_s), fps=FPS, tolerance_s=0))
        count = max(1, int((times[-1] + last_s) * FPS + 0.5))
        expected = [max(0, np.searchsorted(times, k / FPS, side="right") - 1) for k in range(count)]
        assert chosen == expected


def test_hold_frames_of_nothing_and_of_one():
    assert list(hold_frames([], fps=FPS, tolerance_s=0)) == []
    assert list(hold_frames(shown([0.0], 0.001), fps=FPS, tolerance_s=0)) == [0]
    assert list(hold_frames(shown([0.5], 0.5), fps=4, tolerance_s=0)) == [0, 0, 0, 0]


def test_timestamps_rounded_to_milliseconds_do_not_slip_a_frame():
    times = np.round(np.arange(240) / FPS, 3)
    assert list(hold_frames(shown(times, 1 / FPS), fps=FPS, tolerance_s=0.0005)) == list(range(240))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_frame_rate_is_resampled_by_time(tmp_path, suffix):
    # 10 pictures a second, then 50, then one that stands for 1.5 s, then 15.
    times = [*np.arange(0, 2, 0.1), *np.arange(2, 3, 0.02), 3.0, *np.arange(4.5, 6, 1 / 15)]
    flash_s = [0.5, 1.9, 2.5, 3.0, 5.5]
    path = write_file(tmp_path / f"v{suffix}", pictures=flashes(times, flash_s=flash_s), times_s=times)
    starts = np.array(times)
    lit = {round(time, 6) for time in flash_s}
    expected = [
        k
        for k in range(round(6 * FPS))
        if round(float(starts[np.searchsorted(starts, k / FPS + 0.0005, side="right") - 1]), 6) in lit
    ]
    assert lit_frames(path) == expected


@pytest.mark.parametrize(("picture_start_s", "sound_start_s"), [(0, 0), (0, 0.4), (0.4, 0), (1.0, 1.5)])
@pytest.mark.parametrize("source_fps", [29.97, 50])
def test_sound_and_picture_stay_together(tmp_path, picture_start_s, sound_start_s, source_fps):
    events_s = [2.0, 3.5, 5.0]  # on the file's own clock
    times = picture_start_s + np.arange(round(5.5 * source_fps)) / source_fps
    flash_s = [float(times[np.abs(times - event).argmin()]) for event in events_s]
    sound = clicks(np.array(events_s) - sound_start_s, length_s=6, sample_rate_hz=48000)
    path = write_file(
        tmp_path / "a.mkv",
        pictures=flashes(times, flash_s=flash_s),
        times_s=times,
        sound=sound,
        sound_start_s=sound_start_s,
    )
    zero_s = min(picture_start_s, sound_start_s)
    heard = click_times_s(load_sound(path, sample_rate_hz=22050), 22050)
    assert heard == pytest.approx([event - zero_s for event in events_s], abs=0.002)
    frames = list(decode_frames(path, fps=100, size=None))
    seen = [k / 100 for k in range(1, len(frames)) if frames[k].mean() > 200 >= frames[k - 1].mean()]
    assert seen == pytest.approx([event - zero_s for event in events_s], abs=1 / source_fps)


def test_no_drift_in_a_long_video(tmp_path):
    # Counting frames as if 29.97 were 30 would be 0.06 s late at the end.
    rate = 30000 / 1001
    times = np.arange(round(60 * rate)) / rate
    first = [int(np.abs(times - at).argmin()) for at in (1.0, 30.0, 59.0)]
    flash_s = [float(times[index + more]) for index in first for more in range(3)]
    path = write_file(
        tmp_path / "long.mp4",
        pictures=flashes(times, flash_s=flash_s, side=16),
        times_s=times,
        options={"preset": "ultrafast", "bf": "0"},
    )
    assert sum(1 for _ in decode_frames(path, fps=FPS, size=None)) == round(len(times) / rate * FPS)
    lit = lit_frames(path)
    starts = [k for k in lit if k - 1 not in lit]
    assert starts == [int(np.ceil(times[index] * FPS - 0.01)) for index in first]


def test_what_the_writer_writes_is_in_time(tmp_path):
    write_sound(tmp_path / "s.wav", clicks([1, 2.5], length_s=3.3, sample_rate_hz=44100), sample_rate_hz=44100)
    with VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(32, 32), crf=16, sound=tmp_path / "s.wav") as writer:
        for picture in flashes(np.arange(96) / FPS, flash_s=[1, 2.5]):
            writer.write(picture)
    assert lit_frames(tmp_path / "v.mp4") == [24, 60]
    sound = load_sound(tmp_path / "v.mp4", sample_rate_hz=48000)
    assert click_times_s(sound, 48000) == pytest.approx([1, 2.5], abs=0.002)
    # Padded with silence to the frames' four seconds, to the sample.
    assert len(sound) == 4 * 48000
    assert np.abs(sound[round(3.4 * 48000) :]).max() < 1e-3
    assert probe(tmp_path / "v.mp4").has_sound


def test_sound_longer_than_the_frames_is_cut(tmp_path):
    write_sound(tmp_path / "s.flac", np.full(5 * 8000, 0.3, np.float32), sample_rate_hz=8000)
    with VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(16, 16), crf=20, sound=tmp_path / "s.flac") as writer:
        for _ in range(31):
            writer.write(np.zeros((16, 16, 3), np.uint8))
    assert len(load_sound(tmp_path / "v.mp4", sample_rate_hz=48000)) == 62000


def test_colours_survive_and_are_tagged(tmp_path):
    colours = np.array([(230, 40, 40), (40, 200, 60), (40, 60, 220), (128, 128, 128), (250, 250, 250)], np.uint8)
    picture = np.repeat(np.repeat(colours[None], 64, axis=0), 32, axis=1)
    with VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(160, 64), crf=10, metadata={"title": "colours"}) as writer:
        writer.write(picture)
    decoded = next(decode_frames(tmp_path / "v.mp4", fps=FPS, size=None))
    assert np.abs(decoded[32, 16::32].astype(int) - colours).max() <= 4
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert container.metadata["title"] == "colours"
        context = container.streams.video[0].codec_context
        assert (context.color_range, context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1, 1)
        assert context.pix_fmt == "yuv420p"
    data = (tmp_path / "v.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_display_matrix_is_applied(tmp_path, degrees, mirrored):
    upright = np.zeros((32, 64, 3), np.uint8)
    upright[:16, :32], upright[:16, 32:], upright[16:, :32] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    # What the camera stored: the display matrix turns it counter-clockwise and then mirrors it.
    stored = upright[:, ::-1] if mirrored else upright
    stored = np.ascontiguousarray(np.rot90(stored, -degrees // 90))
    path = write_file(
        tmp_path / "r.mp4", pictures=[stored] * 3, times_s=[0, 0.1, 0.2], rotation=(degrees, mirrored)
    )  # fmt: skip
    decoded = next(decode_frames(path, fps=FPS, size=None))
    assert decoded.shape == upright.shape
    # Away from the borders between the colours.
    places = np.ix_([6, 26], [10, 54])
    assert np.abs(decoded[places].astype(int) - upright[places]).max() < 25
    assert (probe(path).width, probe(path).height) == (64, 32)


def test_pixels_become_square(tmp_path):
    picture = np.full((48, 32, 3), 200, np.uint8)
    path = write_file(tmp_path / "s.mp4", pictures=[picture] * 2, times_s=[0, 0.5], aspect=Fraction(2, 1))
    assert (probe(path).width, probe(path).height) == (64, 48)
    assert next(decode_frames(path, fps=FPS, size=None)).shape == (48, 64, 3)
    fitted = next(decode_frames(path, fps=FPS, size=(64, 64)))
    assert fitted[:7].max() == 0
    assert fitted[9:55].min() > 180


@pytest.mark.parametrize("source", [(320, 240), (240, 320), (64, 64), (1000, 10), (37, 91)])
@pytest.mark.parametrize("size", [(128, 128), (512, 512), (64, 32)])
def test_letterbox_round_trip(source, size):
    place = Letterbox.fit(source, size)
    points = np.random.default_rng(0).uniform(0, source, size=(20, 2))
    np.testing.assert_allclose(place.to_source(place.from_source(points)), points, atol=1e-9)
    corners = place.from_source([(0, 0), source])
    assert (corners >= -0.51).all()
    assert (corners <= np.array(size) + 0.51).all()


def test_letterbox_puts_the_picture_where_it_says():
    picture = np.zeros((240, 320, 3), np.uint8)
    cv2.circle(picture, (250, 60), 6, (255, 255, 255), -1)
    boxed = letterbox(picture, source=(320, 240), size=(512, 512))
    rows, columns = np.nonzero(boxed[..., 0] > 127)
    expected = Letterbox.fit((320, 240), (512, 512)).from_source((250.5, 60.5))
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(tuple(expected), abs=0.6)


def test_partial_file_goes_with_the_exception(tmp_path):
    path = tmp_path / "v.mp4"
    path.write_bytes(b"the old one")

    def write_and_fail():
        with VideoWriter(path, fps=FPS, size=(32, 32), crf=20) as writer:
            for _ in range(100):
                writer.write(np.zeros((32, 32, 3), np.uint8))
            assert len(list(tmp_path.iterdir())) == 2
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail()
    assert path.read_bytes() == b"the old one"
    assert [file.name for file in tmp_path.iterdir()] == ["v.mp4"]


def test_writer_refuses_what_cannot_be_a_video(tmp_path):
    def write(size=(32, 32), frame=None, sound=None, fps=FPS):
        with VideoWriter(tmp_path / "v.mp4", fps=fps, size=size, crf=20, sound=sound) as writer:
            if frame is not None:
                writer.write(frame)

    with pytest.raises(MediaError, match=r"33 x 32 .* even sides"):
        write(size=(33, 32))
    with pytest.raises(MediaError, match="the frame rate must be positive"):
        write(fps=0)
    with pytest.raises(MediaError, match=r"frame 0 is float64 \(32, 32, 3\); it must be uint8 \(32, 32, 3\)"):
        write(frame=np.zeros((32, 32, 3)))
    with pytest.raises(MediaError, match="no frame was written"):
        write()
    with pytest.raises(MediaError, match=r"v\.mp4: it cannot be written \(.*\)") as caught:
        write(size=(40000, 2), frame=np.zeros((2, 40000, 3), np.uint8))
    assert "\n" not in str(caught.value)
    with pytest.raises(MediaError, match="no such file"):
        write(sound=tmp_path / "none.wav")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("gop", [12, None])
def test_random_access_equals_sequential(tmp_path, gop):
    with VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(64, 64), crf=18, gop=gop) as writer:
        for picture in numbered(100):
            writer.write(picture)
    frames = np.stack(list(decode_frames(tmp_path / "v.mp4", fps=FPS, size=None)))
    assert len(frames) == 100
    asked = [99, 0, 13, 12, 11, 12, 50, 37]
    np.testing.assert_array_equal(read_frames(tmp_path / "v.mp4", asked), frames[asked])
    np.testing.assert_array_equal(read_frames(tmp_path / "v.mp4", range(100)), frames)
    assert read_frames(tmp_path / "v.mp4", []).shape == (0, 64, 64, 3)
    for number in (100, -1, 5000):
        with pytest.raises(MediaError, match=f"has no frame {number}; its 100 frames"):
            read_frames(tmp_path / "v.mp4", [3, number])


def test_files_that_are_no_video(tmp_path):
    (tmp_path / "text.mp4").write_text("this is no video " * 100)
    (tmp_path / "empty.mp4").write_bytes(b"")
    whole = write_file(tmp_path / "whole.mp4", pictures=numbered(48), times_s=np.arange(48) / 24)
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    for name in ("text.mp4", "empty.mp4", "cut.mp4"):
        with pytest.raises(MediaError, match=rf"{name} cannot be opened .* check that it is a video"):
            probe(tmp_path / name)
    with pytest.raises(MediaError, match=r"none\.mp4: no such file"):
        next(decode_frames(tmp_path / "none.mp4", fps=FPS, size=None))
    with pytest.raises(MediaError):
        probe(tmp_path)
    write_sound(tmp_path / "song.wav", np.zeros(8000, np.float32), sample_rate_hz=8000)
    with pytest.raises(MediaError, match=r"song\.wav has no picture; name a video"):
        next(decode_frames(tmp_path / "song.wav", fps=FPS, size=None))
    info = probe(tmp_path / "song.wav")
    assert (info.has_video, info.has_sound, info.duration_s, info.width) == (False, True, 1.0, 0)


def test_cut_file_gives_what_it_holds(tmp_path):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (48, 64, 64, 3), dtype=np.uint8)
    whole = write_file(tmp_path / "whole.mkv", pictures=pictures, times_s=np.arange(48) / 24, options={"g": "6"})
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    frames = list(decode_frames(tmp_path / "cut.mkv", fps=FPS, size=None))
    assert 15 <= len(frames) <= 30
    (tmp_path / "head.mkv").write_bytes(whole.read_bytes()[:1500])
    with pytest.raises(MediaError, match=r"head\.mkv.* check that it is a video"):
        list(decode_frames(tmp_path / "head.mkv", fps=FPS, size=None))


def test_duration_without_a_header(tmp_path):
    # What a browser's recorder leaves: a stream that was never finished.
    path = write_file(
        tmp_path / "live.webm", pictures=numbered(90), times_s=np.arange(90) / 30, codec="libvpx", live=True
    )
    assert probe(path).duration_s == pytest.approx(3, abs=0.01)
    assert sum(1 for _ in decode_frames(path, fps=FPS, size=None)) == 72


def test_tags_that_are_not_utf8_do_no_harm(tmp_path):
    path = write_file(tmp_path / "t.mkv", pictures=numbered(4), times_s=np.arange(4) / 24, metadata={"title": "X" * 20})
    path.write_bytes(path.read_bytes().replace(b"X" * 20, b"\xff\xfe\xe9" * 6 + b"ab"))
    assert probe(path).width == 64


def test_decode_needs_a_positive_rate(tmp_path):
    with pytest.raises(MediaError, match="the frame rate must be positive"):
        next(decode_frames(Path("any.mp4"), fps=0, size=None))
