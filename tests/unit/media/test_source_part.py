"""What a store shows, seen in its pixels: upright, in the video's own shape, and of the part that was chosen."""

import json
import logging
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from media_files import clicks, join, write_file

from danceit_core.config import VideoSettings
from danceit_core.errors import ConfigError, MediaError
from danceit_core.media.audio import open_sound
from danceit_core.media.container import open_media, picture_stream
from danceit_core.media.decode import decode_stills
from danceit_core.media.late import LateStart
from danceit_core.media.part import SourcePart, part_of
from danceit_core.media.source import ingest_video, read_report, write_report
from danceit_core.media.video import decode_frames, read_frames

FPS = 24
RED, GREEN, BLUE, YELLOW = (220, 40, 40), (40, 200, 60), (40, 60, 210), (220, 210, 50)
BITS = 6


def drawn(size, number=0):
    """A picture (width, height) with a colour in each corner, and its number in black and white in the middle."""
    width, height = size
    picture = np.full((height, width, 3), 120, np.uint8)
    across, down = width // 4, height // 4
    picture[:down, :across], picture[:down, -across:] = RED, GREEN
    picture[-down:, :across], picture[-down:, -across:] = BLUE, YELLOW
    for bit in range(BITS):
        left, step = round(width * 0.2), width * 0.6 / BITS
        columns = slice(left + round(bit * step), left + round((bit + 1) * step))
        picture[round(height * 0.4) : round(height * 0.6), columns] = 235 if number >> bit & 1 else 15
    return picture


def number_of(picture):
    """The number that `drawn` wrote."""
    height, width = picture.shape[:2]
    across = [round(width * (0.2 + 0.6 * (bit + 0.5) / BITS)) for bit in range(BITS)]
    return sum(1 << bit for bit, x in enumerate(across) if picture[height // 2, x].mean() > 125)


def stored_as(picture, *, flag=0, rotate=0, wide=1):
    """How a camera stores an upright picture that its file turns by `flag` degrees and the table by `rotate`."""
    turned = np.rot90(np.rot90(picture, rotate // 90), -flag // 90)
    if wide > 1:
        turned = turned[:, :: round(wide)]
    return np.ascontiguousarray(turned)


def film(path, pictures, *, times_s=None, **more):
    times_s = np.arange(len(pictures)) / FPS if times_s is None else times_s
    return write_file(path, pictures=list(pictures), times_s=times_s, pixels=more.pop("pixels", "yuv444p"), **more)


def ingest(path, *, long_side=128, part=None, rotate=0, square=False, **settings):
    return ingest_video(
        path, path.parent / "store.mp4", settings=VideoSettings(crf=10, **settings), long_side=long_side, square=square,
        tolerant=False, rotate=rotate, part=part or SourcePart(),
    )  # fmt: skip


def shown(path, number=5):
    return read_frames(path.parent / "store.mp4", [number])[0].astype(int)


def distance(picture, expected):
    """Mean difference from a picture brought to the same size."""
    height, width = picture.shape[:2]
    return np.abs(picture - cv2.resize(expected, (width, height), interpolation=cv2.INTER_AREA)).mean()


# Name: size as shown, long side of the store, its size, and how the file holds it.
KINDS = {
    "landscape": ((320, 180), 128, (128, 72), {}),
    "portrait phone": ((180, 320), 128, (72, 128), {"flag": 90}),
    "portrait phone, other way": ((180, 320), 128, (72, 128), {"flag": 270}),
    "upside down": ((320, 180), 128, (128, 72), {"flag": 180}),
    "turned by the table": ((180, 320), 128, (72, 128), {"rotate": 90}),
    "turned by both": ((320, 180), 128, (128, 72), {"flag": 90, "rotate": 270}),
    "square": ((200, 200), 128, (128, 128), {}),
    "odd": ((161, 91), 128, (128, 72), {}),
    "odd, kept": ((161, 91), 512, (160, 90), {}),
    "odd portrait": ((91, 161), 512, (90, 160), {"flag": 90}),
    "wide pixels": ((320, 180), 128, (128, 72), {"wide": 2}),
    "4K": ((3840, 2160), 1280, (1280, 720), {}),
    "4K portrait": ((2160, 3840), 1920, (1080, 1920), {"flag": 90}),
    "extremely wide": ((640, 66), 512, (512, 52), {}),
}


def filmed(path, size, *, flag=0, rotate=0, wide=1, numbers=30):
    is_large = max(size) > 1000
    pictures = [stored_as(drawn(size), flag=flag, rotate=rotate, wide=wide)] * (4 if is_large else numbers)
    more = {"aspect": Fraction(wide)} if wide > 1 else {}
    more |= {"options": {"crf": "20", "preset": "ultrafast"}} if is_large else {}
    times_s = np.arange(4) / 3 if is_large else None
    return film(path, pictures, rotation=(flag, False) if flag else None, times_s=times_s, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_shows_the_picture_upright_in_its_own_shape(tmp_path, kind):
    size, long_side, expected, how = KINDS[kind]
    path = filmed(tmp_path / "in.mp4", size, **how)
    report = ingest(path, long_side=long_side, rotate=how.get("rotate", 0))
    assert (report.width, report.height, report.size) == (*size, expected)
    picture = shown(path)
    assert picture.shape == (expected[1], expected[0], 3)
    assert distance(picture, drawn(size)) < 6
    height, width = picture.shape[:2]
    for colour, y, x in ((RED, 0, 0), (GREEN, 0, -1), (BLUE, -1, 0), (YELLOW, -1, -1)):
        # To the last pixel of each corner: no line of black beside it.
        assert np.abs(picture[y, x] - colour).max() < 45, (kind, colour)
        assert np.abs(picture[y * height // 16, x * width // 16] - colour).max() < 30, (kind, colour)


def test_the_square_of_the_paper(tmp_path):
    path = filmed(tmp_path / "in.mp4", (180, 320), flag=90)
    report = ingest(path, square=True)
    assert (report.size, report.letterbox) == ((128, 128), (0.4, 28, 0))
    picture = shown(path)
    assert distance(picture[:, 28:100], drawn((180, 320))) < 6
    assert picture[:, :27].max() < 20
    assert picture[:, 101:].max() < 20


@pytest.mark.parametrize("crop", [(160, 90, 160, 90), (31, 17, 101, 64), (0, 0, 320, 180), (256, 0, 64, 180)])
@pytest.mark.parametrize("kind", ["landscape", "upside down", "wide pixels", "turned by both"])
def test_a_part_of_the_picture(tmp_path, kind, crop):
    size, _, _, how = KINDS[kind]
    path = filmed(tmp_path / "in.mp4", size, **how)
    left, top, width, height = crop
    report = ingest(path, long_side=512, rotate=how.get("rotate", 0), part=SourcePart(crop))
    assert (report.crop, report.bars, report.width, report.height) == (crop, False, *size)
    assert report.size == (width // 2 * 2, height // 2 * 2)
    expected = np.ascontiguousarray(drawn(size)[top : top + height, left : left + width])
    assert distance(shown(path), expected) < 7
    # The source's corner, red to green, lies where the placement says: outside of the frame, mostly.
    scale, offset_x, offset_y = report.letterbox
    assert (offset_x, offset_y) == pytest.approx((-scale * left, -scale * top), abs=0.6)


def test_a_part_of_a_phones_portrait_picture_and_of_4k(tmp_path):
    path = filmed(tmp_path / "in.mp4", (2160, 3840), flag=90)
    report = ingest(path, long_side=1280, part=SourcePart((0, 1920, 2160, 1920)))
    assert report.size == (1280, 1138)
    assert distance(shown(path), drawn((2160, 3840))[1920:]) < 5


def test_a_part_in_the_square_of_the_paper(tmp_path):
    path = filmed(tmp_path / "in.mp4", (320, 180))
    report = ingest(path, square=True, part=SourcePart((160, 90, 160, 90)))
    assert report.letterbox == (0.8, -128, 28 - 72)
    assert report.placements[0].content == pytest.approx((0, 28, 128, 72))
    assert distance(shown(path)[28:100], drawn((320, 180))[90:, 160:]) < 7


TIMES_S = np.cumsum(np.random.default_rng(4).choice([1 / 60, 1 / 30, 1 / 24, 1 / 12], 60))
TIMES_S -= TIMES_S[0]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize(("start_s", "end_s"), [(0, 1.5), (1.2, 2.3), (0.7, None), (1.0, 60)])
def test_a_part_of_the_time_by_timestamps(tmp_path, suffix, start_s, end_s):
    # Pictures of uneven times with key frames, and reordered ones between them.
    options = {"crf": "12", "bf": "2", "g": "8", "preset": "veryfast"}
    path = film(tmp_path / f"in{suffix}", [drawn((96, 64), k) for k in range(60)], times_s=TIMES_S, options=options)
    whole = [number_of(picture) for picture in decode_frames(path, fps=240, size=None)]
    stills = list(decode_stills(path, fps=FPS, size=None, part=SourcePart(None, start_s, end_s)))
    until_s = min(end_s or 60, len(whole) / 240)
    assert len(stills) == round((until_s - start_s) * FPS)
    expected = [int(np.searchsorted(TIMES_S, start_s + k / FPS + 1e-3, side="right")) - 1 for k in range(len(stills))]
    assert [number_of(still.picture) for still in stills] == expected


def test_a_late_start_decodes_the_end_alone(tmp_path):
    path = film(
        tmp_path / "in.mp4",
        [drawn((96, 64), k % 60) for k in range(120)],
        options={"crf": "12", "g": "10", "bf": "0", "sc_threshold": "0"},
    )
    with open_media(path) as container:
        late = LateStart(container, 4.0)
        due = [p for packet in container.demux(picture_stream(container)) for p in late.due(packet)]
        times_s = [float(packet.pts * packet.time_base) for packet in due if packet.size]
    assert late.skipped
    assert times_s == pytest.approx(np.arange(80, 120) / FPS, abs=1e-3)


@pytest.mark.parametrize("suffix", [".avi", ".ts"])
def test_a_late_start_in_files_that_cannot_be_sought(tmp_path, suffix):
    pictures = [drawn((96, 64), k) for k in range(48)]
    kind = {"codec": "mpeg4", "pixels": "yuv420p", "options": {"qmin": "2", "qmax": "4", "g": "8", "bf": "1"}}
    part = film(tmp_path / f"a{suffix}", pictures, rate=FPS, **(kind if suffix == ".avi" else {}))
    path, start_s, first = part, 1.5, 36
    if suffix == ".ts":  # two recordings joined: its second half, where the clock has started again
        path, start_s, first = join(tmp_path / "joined.ts", [part, part]), 2.5, 12
    stills = decode_stills(path, fps=FPS, size=None, part=SourcePart(None, start_s))
    assert [number_of(still.picture) for still in stills] == [
        pytest.approx(number, abs=suffix == ".ts") for number in range(first, 48)
    ]


@pytest.mark.parametrize("own", [True, False])
def test_the_sound_is_cut_likewise(tmp_path, own):
    """Picture 24 is white when a click is heard at 1 s; the sound's own file has the video's clock."""
    pictures = [drawn((96, 64), 63 if k == 30 else 0) for k in range(72)]
    sound = clicks([1.25], length_s=3, sample_rate_hz=48000)
    path = film(tmp_path / "in.mkv", pictures, sound=sound)
    alone = write_file(tmp_path / "own.mkv", sound=sound) if own else path
    part = SourcePart(None, 0.5, 2.0)
    ingest(path, part=part)
    lit = [number_of(picture) for picture in decode_frames(tmp_path / "store.mp4", fps=FPS, size=None)]
    with open_sound(alone, sample_rate_hz=24000, part=part) as samples:
        loud = np.flatnonzero(np.abs(samples[:]) > 0.25) / 24000
        assert len(samples) == 1.5 * 24000
    assert (lit.index(63), len(lit)) == (18, 36)
    assert loud[0] == pytest.approx(0.75, abs=0.005)


def test_sound_that_ends_before_the_part_begins_is_silence(tmp_path):
    path = write_file(tmp_path / "a.wav", sound=clicks([0.5], length_s=1, sample_rate_hz=48000))
    with open_sound(path, sample_rate_hz=24000, part=SourcePart(None, 1.5, 3)) as samples:
        assert len(samples) == 0
        assert samples.correction.silent


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (SourcePart((100, 0, 128, 96)), r"column crop is 100,0,128,96 .*, but its picture has 160 x 96 pixels;"),
        (SourcePart(None, 9.0), r"column start_s is 9, but its pictures end at 2\.0 s; choose an earlier start"),
        (SourcePart(None, 1.5), r"shows 0\.50 s of pictures, .* \(1 s\); correct its columns start_s and end_s"),
    ],
)  # fmt: skip
def test_a_part_that_the_video_does_not_have(tmp_path, part, words):
    path = film(tmp_path / "in.mp4", [drawn((160, 96), k) for k in range(48)])
    with pytest.raises(MediaError, match=words):
        ingest(path, part=part)
    report = ingest_video(path, tmp_path / "s.mp4", settings=VideoSettings(), tolerant=True, part=part)
    assert "column" in report.refused
    write_report(tmp_path / "r.json", report)
    assert read_report(tmp_path / "r.json") == report


def test_an_end_behind_the_videos_own(tmp_path, caplog):
    path = film(tmp_path / "in.mp4", [drawn((160, 96), k) for k in range(48)])
    report = ingest(path, part=SourcePart(None, 0.5, 8))
    assert (report.frames, report.start_s, report.end_s) == (36, 0.5, 8)
    assert [r.message for r in caplog.records] == [
        f"{path}: column end_s is 8, but its pictures end at 2.0 s; they are used up to their end"
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"crop": "0,0,640,50"}, r"column crop is 0,0,640,50 .* width and height must be at least 64 pixels: choose"),
        ({"start_s": "5", "end_s": "3"}, r"column start_s is 5 and column end_s 3; the end must come at least 1 s"),
        ({"end_s": "0.5"}, r"column start_s is 0 and column end_s 0\.5; the end must come"),
    ],
)  # fmt: skip
def test_cells_that_cannot_be(row, words):
    with pytest.raises(ConfigError, match=words):
        part_of(row)


def test_cells():
    assert part_of({}) == SourcePart()
    row = {"crop": "420, 0,1080,1080", "start_s": "3.5", "end_s": "60"}
    assert part_of(row) == SourcePart((420, 0, 1080, 1080), 3.5, 60.0)


def test_a_report_tells_the_part(tmp_path):
    path = film(tmp_path / "in.mp4", [drawn((160, 96), k) for k in range(60)])
    report = ingest(path, part=SourcePart((0, 0, 80, 96), 0.5, 2.0))
    write_report(tmp_path / "r.json", report)
    values = json.loads((tmp_path / "r.json").read_text())
    assert {key: values[key] for key in ("crop", "bars", "start_s", "end_s", "size")} == {
        "crop": [0, 0, 80, 96], "bars": False, "start_s": 0.5, "end_s": 2.0, "size": [80, 96]
    }  # fmt: skip
    assert read_report(tmp_path / "r.json") == report
    # As it was before a part could be chosen.
    for key in ("crop", "bars", "start_s", "end_s", "size"):
        del values[key]
    for placement in values["geometries"]:
        del placement["crop"]
    (tmp_path / "r.json").write_text(json.dumps(values))
    older = read_report(tmp_path / "r.json")
    assert (older.crop, older.start_s, older.end_s, older.size, older.placements[0].crop) == (
        None,
        0,
        None,
        (0, 0),
        None,
    )


def test_a_part_where_the_picture_changes_its_size(tmp_path, caplog):
    sizes = ((320, 180), (160, 90), (180, 320))
    parts = [film(tmp_path / f"{n}.ts", [drawn(size)] * 36) for n, size in enumerate(sizes)]
    path = tmp_path / "in.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with caplog.at_level(logging.ERROR):
        report = ingest(path, long_side=160, part=SourcePart((160, 90, 160, 90)))
    assert [place.crop for place in report.placements] == [(160, 90, 160, 90), (80, 45, 80, 45), None]
    for number in (10, 50):
        assert distance(shown(path, number), drawn((320, 180))[90:, 160:]) < 8
    with av.open(str(path)) as container:
        assert container.streams.video[0].width == 320
