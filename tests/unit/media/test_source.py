"""Ingest: what is known of a source, cuts where they are, and one reason for what cannot be used."""

import hashlib
import json
import logging
from fractions import Fraction
from importlib import metadata

import av
import cv2
import numpy as np
import pytest
from media_files import follow_on, join, write_file

from danceit_core.config import VideoSettings
from danceit_core.errors import MediaError
from danceit_core.media.audio import write_sound
from danceit_core.media.cuts import CutFinder
from danceit_core.media.hdr import HLG, PQ, to_standard_range
from danceit_core.media.letterbox import Letterbox
from danceit_core.media.source import ingest_video, read_report, write_report
from danceit_core.media.video import decode_frames, probe, read_frames

FPS = 24
SMALL = VideoSettings(size=64, crf=20)


def scene(seed, side=(96, 128)):
    """A picture of coarse random blocks: another shot for each seed."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(20, 235, (side[0] // 8, side[1] // 8, 3), dtype=np.uint8)
    return cv2.resize(blocks, side[::-1], interpolation=cv2.INTER_LINEAR)


def dancing(seed, count, *, speed=6, size=40):
    """A still scene in which a large bright figure moves fast."""
    pictures = np.repeat(scene(seed)[None], count, axis=0)
    for k in range(count):
        x = 44 + round(40 * np.sin(k * speed / 10))
        cv2.rectangle(pictures[k], (x, 30), (x + size, 95), (240, 220, 200), -1)
    return pictures


def cuts_of(pictures, *, threshold=3.0, fps=FPS):
    finder = CutFinder(threshold=threshold, fps=fps)
    for picture in pictures:
        finder.add(picture)
    return finder.finish()


def film(path, pictures, *, fps=FPS, **more):
    return write_file(path, pictures=list(pictures), times_s=np.arange(len(pictures)) / fps, **more)


def ingest(path, folder, *, tolerant=False, settings=SMALL):
    return ingest_video(path, folder / "store" / "out.mp4", settings=settings, tolerant=tolerant)


def test_report_and_store(tmp_path):
    sound = np.zeros(96000, np.float32)
    path = film(tmp_path / "in.mkv", dancing(1, 60), fps=30, sound=sound)
    settings = VideoSettings(size=128, crf=18)
    report = ingest(path, tmp_path, settings=settings)
    assert (report.path, report.bytes) == (str(path), path.stat().st_size)
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (report.width, report.height, report.codec, report.has_sound) == (128, 96, "h264", True)
    assert (report.fps, report.duration_s) == (pytest.approx(30), pytest.approx(2, abs=0.05))
    assert (report.frames, report.cuts, report.refused, report.interlaced) == (48, (), "", False)
    assert Letterbox(*report.letterbox) == Letterbox(1.0, 0, 0)
    info = probe(tmp_path / "store" / "out.mp4")
    assert (info.width, info.height, info.fps, info.has_sound) == (128, 96, 24, False)
    # Frame 40 shows source picture 50 (1.667 s).
    frame = read_frames(tmp_path / "store" / "out.mp4", [40])[0]
    assert np.abs(frame.astype(int) - dancing(1, 60)[50]).mean() < 6
    assert [file.name for file in (tmp_path / "store").iterdir()] == ["out.mp4"]


def test_report_round_trip(tmp_path):
    report = ingest(film(tmp_path / "in.mp4", np.concatenate([dancing(1, 30), dancing(2, 30)])), tmp_path)
    write_report(tmp_path / "r.json", report)
    assert read_report(tmp_path / "r.json") == report
    assert report.cuts == (30,)
    values = json.loads((tmp_path / "r.json").read_text())
    # As it was before a picture could change its size.
    (tmp_path / "r.json").write_text(json.dumps({k: v for k, v in values.items() if k not in ("geometries", "rotate")}))
    older = read_report(tmp_path / "r.json")
    assert (older.geometries, older.rotate, older.placements) == ((), 0, report.geometries)
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(MediaError, match=r"r\.json is not a source report .* delete it"):
        read_report(tmp_path / "r.json")
    with pytest.raises(MediaError, match="no such source report"):
        read_report(tmp_path / "none.json")


@pytest.mark.parametrize("shots", [(25, 40, 31), (3, 60), (60, 3), (9, 9, 9, 30), (90,)])
def test_spliced_shots_are_found_to_the_frame(shots):
    pictures = np.concatenate([dancing(seed, count) for seed, count in enumerate(shots)])
    assert cuts_of(pictures) == tuple(np.cumsum(shots)[:-1])


@pytest.mark.parametrize("source_fps", [12, 25, 30000 / 1001, 50])
def test_cuts_of_other_frame_rates_are_those_of_the_store(tmp_path, source_fps):
    count = round(source_fps * 1.5)
    pictures = np.concatenate([dancing(1, count, speed=3), dancing(2, count, speed=3)])
    report = ingest(film(tmp_path / "in.mp4", pictures, fps=source_fps, options={"crf": "20"}), tmp_path)
    assert report.cuts == (int(np.ceil(count / source_fps * FPS - 0.02)),)


def test_a_still_after_a_cut():
    still = np.repeat(scene(9)[None], 60, axis=0)
    assert cuts_of(np.concatenate([dancing(1, 40), still, dancing(2, 40)])) == (40, 100)
    assert cuts_of(np.concatenate([dancing(1, 40), still])) == (40,)
    assert cuts_of(still) == ()
    assert cuts_of([]) == ()


@pytest.mark.parametrize("speed", [3, 8, 15])
def test_quick_movement_is_no_cut(speed):
    assert cuts_of(dancing(3, 120, speed=speed)) == ()


def test_a_moving_camera_is_no_cut():
    wide = scene(4, (96, 2000))
    whip = np.concatenate([np.zeros(30), np.cumsum([5, 20, 50, 80, 80, 50, 20, 5]), np.full(30, 310)]).astype(int)
    assert cuts_of([np.ascontiguousarray(wide[:, 12 * k : 12 * k + 128]) for k in range(100)]) == ()
    assert cuts_of([np.ascontiguousarray(wide[:, x : x + 128]) for x in whip]) == ()


@pytest.mark.parametrize("length", [1, 2, 4])
@pytest.mark.parametrize("level", [0, 255])
def test_a_flash_is_no_cut(length, level):
    pictures = dancing(5, 80)
    pictures[40 : 40 + length] = level
    assert cuts_of(pictures) == ()


def test_strobe_and_stage_light_are_no_cuts():
    strobe = dancing(5, 96)
    for start in range(20, 80, 6):
        strobe[start : start + 3] = 250
    assert cuts_of(strobe) == ()
    light = dancing(6, 80).astype(float)
    light[40:] *= (1.0, 0.35, 0.35)
    assert cuts_of(light.astype(np.uint8)) == ()


def test_a_cut_between_dark_shots():
    dark = 0.1 * np.concatenate([dancing(1, 30), dancing(2, 30)])
    assert cuts_of(dark.astype(np.uint8)) == (30,)


def test_fades_are_no_cuts():
    pictures = dancing(5, 120).astype(float)
    pictures[30:60] *= np.linspace(1, 0, 30)[:, None, None, None]
    pictures[60:90] *= np.linspace(0, 1, 30)[:, None, None, None]
    assert cuts_of(pictures.astype(np.uint8)) == ()
    share = np.linspace(0, 1, 24)[:, None, None, None]
    dissolve = (1 - share) * dancing(1, 24) + share * dancing(2, 24)
    whole = np.concatenate([dancing(1, 30), dissolve.astype(np.uint8), dancing(2, 30)])
    assert cuts_of(whole) == ()


def test_held_pictures_of_slow_video_are_no_cuts():
    wide = scene(4, (96, 2000))
    slow = [np.ascontiguousarray(wide[:, 30 * k : 30 * k + 128]) for k in range(20)]
    assert cuts_of([picture for picture in slow for _ in range(5)]) == ()


def test_no_cuts_are_looked_for_with_threshold_0(tmp_path):
    path = film(tmp_path / "in.mp4", np.concatenate([dancing(1, 30), dancing(2, 30)]))
    assert ingest(path, tmp_path, settings=VideoSettings(size=64, cut_threshold=0.0)).cuts == ()


def test_bars_do_not_hide_a_cut(tmp_path):
    portrait = np.concatenate([dancing(1, 40, size=6), dancing(2, 40, size=6)])[:, :, 40:70]
    assert ingest(film(tmp_path / "in.mp4", portrait), tmp_path).cuts == (40,)


def test_what_cannot_be_used_is_refused_with_its_reason(tmp_path):
    (tmp_path / "text.mp4").write_text("this is no video " * 100)
    (tmp_path / "empty.mp4").write_bytes(b"")
    write_sound(tmp_path / "song.wav", np.zeros(8000, np.float32), sample_rate_hz=8000)
    film(tmp_path / "short.mp4", dancing(1, 20))
    for name, reason in {
        "text.mp4": "cannot be opened .* check that it is a video",
        "empty.mp4": "cannot be opened",
        "song.wav": "has no picture; name a video",
        "none.mp4": "no such file",
        "short.mp4": r"shows 0\.83 s of pictures, less than the shortest fragment \(1 s\); leave it out",
    }.items():
        with pytest.raises(MediaError, match=f"{name}.* {reason}|{name}: {reason}"):
            ingest(tmp_path / name, tmp_path)
        assert not (tmp_path / "store" / "out.mp4").exists()
        report = ingest(tmp_path / name, tmp_path, tolerant=True)
        assert reason.split()[0] in report.refused
        assert "\n" not in report.refused
        assert (report.frames, report.cuts) == (1, ())
        assert report.sha256 == (
            hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() if name != "none.mp4" else ""
        )
        black = list(decode_frames(tmp_path / "store" / "out.mp4", fps=FPS, size=None))
        assert len(black) == 1
        assert black[0].shape == (64, 64, 3)
        assert black[0].max() < 3
        write_report(tmp_path / "store" / "r.json", report)
        assert read_report(tmp_path / "store" / "r.json") == report
        assert json.loads((tmp_path / "store" / "r.json").read_text())["refused"] == report.refused
        (tmp_path / "store" / "out.mp4").unlink()


def test_a_store_that_cannot_be_written_is_no_fault_of_the_source(tmp_path):
    path = film(tmp_path / "in.mp4", dancing(1, 30))
    with pytest.raises(MediaError, match="frame rate must be positive"):
        ingest(path, tmp_path, tolerant=True, settings=VideoSettings(size=64, fps=0))


def test_a_truncated_file_gives_what_it_holds(tmp_path, caplog):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (96, 64, 64, 3), dtype=np.uint8)
    whole = film(tmp_path / "whole.mkv", pictures, options={"g": "6"})
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with caplog.at_level(logging.WARNING):
        report = ingest(tmp_path / "cut.mkv", tmp_path)
    assert 36 <= report.frames <= 60
    assert "not the 4.0 s that it announces" in caplog.text
    assert "check that it was copied completely" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        ingest(whole, tmp_path)
    assert caplog.text == ""


def interlaced_film(path, count=40, *, codec="libx264", options=None):
    """A bar that moves 2 pixels a field; of each picture the lower field is the first, as FFmpeg's encoders assume."""
    fields = np.full((2 * count, 64, 64, 3), 60, np.uint8)
    for k in range(2 * count):
        x = (2 * k) % 48
        fields[k, :, x : x + 12] = 230
    woven = fields[1::2].copy()
    woven[:, 1::2] = fields[0::2, 1::2]
    options = options or {"crf": "5", "flags": "+ildct+ilme", "bf": "0"}
    write_file(path, pictures=list(woven), times_s=np.arange(count) / 25, codec=codec, options=options)
    return fields[0::2]


def combing(pictures):
    """Mean difference of neighbouring lines: large where two fields show two moments."""
    return float(np.abs(np.diff(np.asarray(pictures, np.float64), axis=1)).mean())


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_interlaced_video_is_deinterlaced(tmp_path, suffix):
    path = tmp_path / f"i{suffix}"
    expected = interlaced_film(path)
    with av.open(str(path)) as container:
        stored = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert combing(stored) > 8
    report = ingest(path, tmp_path)
    assert report.interlaced
    # As many pictures as before and each in its place.
    shown = list(decode_frames(path, fps=25, size=None))
    assert len(shown) == 40
    assert combing(shown) < 1.5
    # The picture of its first field's time.
    errors = [np.abs(a.astype(int) - b).mean() for a, b in zip(shown[1:-1], expected[1:-1], strict=True)]
    assert max(errors) < 8
    assert report.frames == round(40 / 25 * FPS)


def test_progressive_video_is_left_alone(tmp_path):
    report = ingest(film(tmp_path / "p.mp4", dancing(1, 30)), tmp_path)
    assert not report.interlaced


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_high_dynamic_range_white_is_white(transfer):
    # Code values of reference white (203 cd/m2, BT.2408): 58 % in PQ, 75 % in HLG.
    white = round(255 * (0.58 if transfer == PQ else 0.75))
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    shown = to_standard_range(ramp, transfer=transfer)[0].astype(int)
    assert np.ptp(shown, axis=1).max() <= 2
    assert (np.diff(shown[:, 1]) >= 0).all()
    assert shown[0].max() == 0
    assert 235 <= shown[white].min() <= 252
    assert shown[255].min() >= 253


def test_high_dynamic_range_file(tmp_path):
    path = tmp_path / "hdr.mp4"
    grey = np.full((64, 64, 3), 100, np.uint8)
    options = {"x265-params": "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=error"}
    write_file(path, pictures=[grey] * 30, times_s=np.arange(30) / 24, codec="libx265", options=options)
    info = probe(path)
    assert (info.hdr, info.codec) == (True, "hevc")
    shown = next(decode_frames(path, fps=FPS, size=None))[32, 32].astype(int)
    expected = to_standard_range(grey, transfer=PQ)[32, 32]
    assert np.abs(shown - expected).max() < 12


def test_one_opencv_distribution():
    opencv = set(metadata.packages_distributions().get("cv2", []))
    assert opencv == {"opencv-python-headless"}
    assert cv2.__version__.startswith("4.")
    wanted = metadata.requires("scenedetect-headless") or []
    assert not [
        name for name in wanted if name.replace("-headless", "").startswith("opencv") and "headless" not in name
    ]


def test_non_square_pixels_and_odd_sizes(tmp_path):
    odd = [picture[:61, :50] for picture in dancing(1, 30)]
    # x264 wants even sides of 4:2:0; 4:4:4 may be odd.
    path = tmp_path / "odd.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 49, 61, "yuv444p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        for picture in odd:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture[:, :49].copy(), format="rgb24")))
        container.mux(stream.encode(None))
    report = ingest(path, tmp_path)
    assert (report.width, report.height) == (98, 61)
    assert (report.letterbox, report.size) == ((pytest.approx(64 / 98), 0, 0), (64, 40))
    expected = cv2.resize(odd[0][:, :49], (98, 61), interpolation=cv2.INTER_CUBIC).astype(int)
    assert np.abs(next(decode_frames(path, fps=FPS, size=None)) - expected).mean() < 4
    frame = read_frames(tmp_path / "store" / "out.mp4", [0])[0]
    shrunk = cv2.resize(expected.astype(np.uint8), (64, 40), interpolation=cv2.INTER_AREA)
    assert np.abs(frame.astype(int) - shrunk).mean() < 8


@pytest.mark.parametrize("rotation", [0, 90])
def test_shrinking_4k_is_averaging(tmp_path, rotation):
    grey = np.repeat(scene(2, (216, 384))[..., :1], 3, axis=2)
    large = cv2.resize(grey, (3840, 2160), interpolation=cv2.INTER_CUBIC)
    options = {"preset": "ultrafast", "crf": "20", "bf": "0"}
    stored = np.ascontiguousarray(np.rot90(large, -rotation // 90))
    path = write_file(
        tmp_path / "4k.mp4",
        pictures=[stored] * 6,
        times_s=np.arange(6) / 5,
        options=options,
        rotation=(rotation, False),
    )
    report = ingest(path, tmp_path, settings=VideoSettings(size=256))
    assert (report.width, report.height, report.frames) == (3840, 2160, 25)
    frame = read_frames(tmp_path / "store" / "out.mp4", [10])[0]
    expected = cv2.resize(large, (256, 144), interpolation=cv2.INTER_AREA)
    assert frame.shape == (144, 256, 3)
    assert np.abs(frame.astype(int) - expected).mean() < 5


SCREEN = {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": "8", "b": "2000000"}}


def striped(width, height, *, count=36):
    """Pictures whose left third is red, and nothing moves."""
    picture = np.full((height, width, 3), 120, np.uint8)
    picture[:, : width // 3] = (200, 40, 40)
    return [picture] * count


@pytest.mark.parametrize("suffix", [".webm", ".ts"])
def test_a_phone_that_is_turned_on_the_way(tmp_path, suffix, caplog):
    codec = SCREEN if suffix == ".webm" else {}
    lying = film(tmp_path / f"a{suffix}", striped(160, 96), **codec)
    upright = film(tmp_path / f"b{suffix}", striped(96, 160), **codec)
    path = follow_on(tmp_path / f"turned{suffix}", [lying, upright, lying])
    with caplog.at_level(logging.WARNING):
        report = ingest(path, tmp_path)
    assert (report.cuts, report.width, report.height) == ((36, 72), 160, 96)
    assert report.frames == pytest.approx(108, abs=1)
    assert report.letterbox == report.geometries[0].letterbox
    assert [(place.frame, place.width, place.height) for place in report.geometries] == [
        (0, 160, 96), (36, 96, 160), (72, 160, 96)
    ]  # fmt: skip
    assert [place.letterbox for place in report.geometries] == [
        (pytest.approx(38 / 96), 0, 0), (38 / 160, 20, 0), (pytest.approx(38 / 96), 0, 0)
    ]  # fmt: skip
    assert "the size of its picture changes (at 1.5, 3.0 s)" in caplog.text
    # Each picture whole, upright and undistorted: a third of it red.
    for frame, place in zip(read_frames(tmp_path / "store" / "out.mp4", [20, 50, 90]), report.geometries, strict=True):
        scale, left, top = place.letterbox
        across, down = slice(round(left), round(left + scale * place.width)), slice(round(top), None)
        shown = frame[down, across].astype(int)
        red = (shown[..., 0] - shown[..., 1] > 60).mean(axis=0)
        assert (red > 0.5).mean() == pytest.approx(1 / 3, abs=0.05)
        assert frame.sum() == pytest.approx(shown.sum(), rel=0.05)
    write_report(tmp_path / "r.json", report)
    assert read_report(tmp_path / "r.json") == report
    # With its own size all pictures are of the first one's.
    assert {frame.shape for frame in decode_frames(path, fps=FPS, size=None)} == {(96, 160, 3)}


def test_a_call_whose_resolution_changes_is_one_shot(tmp_path):
    pictures = dancing(1, 108)
    sizes = ((128, 96), (64, 48), (96, 72))
    parts = [
        film(tmp_path / f"{n}.webm", [cv2.resize(p, size) for p in pictures[36 * n : 36 * n + 36]], **SCREEN)
        for n, size in enumerate(sizes)
    ]
    report = ingest(follow_on(tmp_path / "call.webm", parts), tmp_path)
    assert report.frames == pytest.approx(108, abs=1)
    assert report.cuts == ()
    assert [(place.frame, place.width, place.height) for place in report.geometries] == [
        (36 * n, *size) for n, size in enumerate(sizes)
    ]
    assert [place.letterbox[1:] for place in report.geometries] == [(0, 0)] * 3


def test_pixels_that_become_wider_on_the_way(tmp_path):
    square = [picture[:, :96] for picture in striped(120, 96)]
    parts = [film(tmp_path / f"{n}.ts", square, aspect=Fraction(*aspect)) for n, aspect in enumerate(((4, 3), (16, 9)))]
    report = ingest(follow_on(tmp_path / "broadcast.ts", parts), tmp_path)
    assert [(place.frame, place.width, place.height) for place in report.geometries] == [(0, 128, 96), (36, 171, 96)]
    assert report.cuts == (36,)


def test_pixel_formats_that_change_on_the_way(tmp_path):
    kinds = ("yuv420p", "yuv444p", "yuv420p10le")
    parts = [film(tmp_path / f"{kind}.ts", striped(96, 96), pixels=kind) for kind in kinds]
    report = ingest(follow_on(tmp_path / "changing.ts", parts), tmp_path)
    assert (report.frames, report.cuts, len(report.geometries)) == (108, (), 1)
    shown = read_frames(tmp_path / "store" / "out.mp4", [20, 55, 90])[:, 32, (8, 48)].astype(int)
    assert np.abs(shown - [(200, 40, 40), (120, 120, 120)]).max() < 12


@pytest.mark.parametrize("threshold", [3.0, 0.0])
def test_joined_recordings_are_shots_of_their_own(tmp_path, threshold, caplog):
    part = film(tmp_path / "a.ts", dancing(1, 48))
    path = join(tmp_path / "joined.ts", [part, part])
    with caplog.at_level(logging.WARNING):
        report = ingest(path, tmp_path, settings=VideoSettings(size=64, cut_threshold=threshold))
    assert report.frames == pytest.approx(96, abs=1)
    assert report.cuts == (pytest.approx(48, abs=1),)
    assert report.duration_s == pytest.approx(4, abs=0.05)
    assert [record.message for record in caplog.records] == [
        f"{path}: its clock jumps, as in joined recordings; the picture continues without a gap there (at 2.0 s)"
    ]


def test_cuts_after_a_join_are_counted_from_the_beginning(tmp_path):
    part = film(tmp_path / "a.ts", np.concatenate([dancing(1, 30), dancing(2, 30)]))
    report = ingest(join(tmp_path / "joined.ts", [part, part]), tmp_path)
    assert report.cuts == (30, pytest.approx(60, abs=1), pytest.approx(90, abs=1))


@pytest.mark.parametrize("flag", [0, 90])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_picture_is_turned_clockwise_until_it_is_upright(tmp_path, rotate, flag):
    upright = np.full((64, 128, 3), 30, np.uint8)
    upright[:32, :64], upright[:32, 64:] = (220, 40, 40), (40, 200, 40)
    filmed = np.rot90(upright, rotate // 90)  # what must be turned clockwise by `rotate`
    path = film(tmp_path / "a.mp4", [np.ascontiguousarray(np.rot90(filmed, -flag // 90))] * 30, rotation=(flag, False))
    report = ingest_video(path, tmp_path / "out.mp4", settings=SMALL, tolerant=False, rotate=rotate)
    assert (report.width, report.height, report.rotate) == (128, 64, rotate)
    assert (report.letterbox, report.size) == ((0.5, 0, 0), (64, 32))
    frame = read_frames(tmp_path / "out.mp4", [10])[0].astype(int)
    assert np.abs(frame[[8, 8, 24], [16, 48, 32]] - [(220, 40, 40), (40, 200, 40), (30, 30, 30)]).max() < 20
    assert next(decode_frames(path, fps=FPS, size=None, rotate=rotate)).shape == upright.shape


def test_the_default_picture_is_taken(tmp_path):
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=24, options={"crf": "10"}) for _ in range(2)]
        for stream in streams:
            stream.width = stream.height = 64
            stream.pix_fmt = "yuv420p"
        streams[0].disposition, streams[1].disposition = 0, av.stream.Disposition.default
        for number in range(30):
            for stream, level in zip(streams, (30, 220), strict=True):
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), level, np.uint8), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 24)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    assert next(decode_frames(path, fps=FPS, size=None)).mean() > 200


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("danceit_core.media.decode.to_picture", ValueError("Conversion of\nxyz")),
        ("danceit_core.media.decode.deinterlaced", av.error.InvalidDataError(1, "Invalid data")),
        ("danceit_core.media.shots.CutFinder.add", cv2.error("OpenCV(4) error: (-215)")),
    ],
)
def test_errors_of_libraries_are_one_line(tmp_path, monkeypatch, place, error):
    path = film(tmp_path / "in.mp4", dancing(1, 30))

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(place, fail)
    report = ingest(path, tmp_path, tolerant=True)
    assert report.refused.startswith(f"{path}: ")
    assert "\n" not in report.refused


def test_a_full_disk_is_no_fault_of_the_source(tmp_path, monkeypatch):
    path = film(tmp_path / "in.mp4", dancing(1, 30))

    def fail(*_, **__):
        raise av.error.OSError(28, "No space left on device")

    monkeypatch.setattr("danceit_core.media.encode.VideoWriter._write_sound", fail)
    with pytest.raises(OSError, match="No space left"):
        ingest(path, tmp_path, tolerant=True)
