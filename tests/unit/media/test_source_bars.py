"""Dark bars that never change are cut off; what only looks like one, or shows something at times, stays."""

import cv2
import numpy as np
import pytest
from media_files import write_file

from danceit_core.config import VideoSettings
from danceit_core.media.decode import probe
from danceit_core.media.part import SourcePart
from danceit_core.media.samples import find_bars
from danceit_core.media.source import ingest_video
from danceit_core.media.video import read_frames

FPS = 24
SIZE = (480, 270)
FRAMES = 72


def scene(size, number, *, low=50):
    """A room with a figure that moves through it, (width, height), nowhere darker than `low`."""
    width, height = size
    rng = np.random.default_rng(3)
    blocks = rng.integers(low, 230, (9, 16, 3), dtype=np.uint8)
    picture = cv2.resize(blocks, size, interpolation=cv2.INTER_LINEAR)
    x = round(width * (0.5 + 0.3 * np.sin(number / 8)))
    cv2.rectangle(
        picture, (x - width // 12, height // 5), (x + width // 12, height - height // 10), (235, 220, 200), -1
    )
    return picture


def framed(inside, *, size=SIZE, level=0, low=50):
    """Pictures of `size` that are dark but for a scene inside a box (left, top, width, height)."""
    left, top, width, height = inside
    pictures = np.full((FRAMES, size[1], size[0], 3), level, np.uint8)
    for number, picture in enumerate(pictures):
        picture[top : top + height, left : left + width] = scene((width, height), number, low=low)
    return pictures


def film(path, pictures, **more):
    more = {"options": {"crf": "23", "preset": "veryfast", "g": "6"}} | more
    return write_file(path, pictures=list(pictures), times_s=np.arange(len(pictures)) / FPS, rate=FPS, **more)


def found(path, **how):
    return find_bars(path, duration_s=probe(path).duration_s, **how)


def near(box, inside, *, px):
    """Whether a box lies in another one, and leaves no more than so many pixels of it."""
    left, top, width, height = inside
    edges = (box[0] - left, box[1] - top, left + width - box[0] - box[2], top + height - box[1] - box[3])
    return all(0 <= edge <= px for edge in edges)


INSIDE = {
    "letterbox": (0, 36, 480, 198),
    "pillarbox": (120, 0, 240, 270),
    "both": (64, 40, 352, 190),
    "portrait": (164, 0, 152, 270),
    "one side": (0, 0, 480, 230),
    "odd": (0, 35, 480, 201),
}


@pytest.mark.parametrize("crf", [10, 23, 34, 40])
@pytest.mark.parametrize("kind", INSIDE)
def test_bars_are_cut_off(tmp_path, kind, crf):
    path = film(tmp_path / "in.mp4", framed(INSIDE[kind]), options={"crf": str(crf), "g": "6"})
    box = found(path)
    assert box is not None
    # What compression makes of the edge goes, too.
    assert near(box, INSIDE[kind], px=3), box


@pytest.mark.parametrize("crf", [12, 28])
def test_grain_over_picture_and_bars(tmp_path, crf):
    rng = np.random.default_rng(0)
    pictures = [
        np.clip(p + rng.normal(0, 5, p.shape), 0, 255).astype(np.uint8) for p in framed(INSIDE["both"], level=8)
    ]
    box = found(film(tmp_path / "in.mp4", pictures, options={"crf": str(crf), "g": "6"}))
    assert near(box, INSIDE["both"], px=3)


@pytest.mark.parametrize("gop", ["6", "250"])
@pytest.mark.parametrize("level", [0, 16, 30])
def test_the_store_and_its_report_and_one_line(tmp_path, caplog, gop, level):
    path = film(tmp_path / "in.mp4", framed(INSIDE["both"], level=level, low=70), options={"crf": "23", "g": gop})
    report = ingest_video(path, tmp_path / "store.mp4", settings=VideoSettings(), tolerant=False)
    assert report.bars
    assert near(report.crop, INSIDE["both"], px=3)
    assert (report.width, report.height) == SIZE
    left, top, width, height = report.crop
    assert report.size == (width // 2 * 2, height // 2 * 2)
    assert (tuple(report.letterbox[1:])) == pytest.approx((-left, -top), abs=1)
    picture = read_frames(tmp_path / "store.mp4", [30])[0]
    assert min(picture[0].mean(), picture[-1].mean(), picture[:, 0].mean(), picture[:, -1].mean()) > level + 40
    line = caplog.records[0].message
    cut = f"({left} left, {480 - left - width} right, {top} above, {270 - top - height} below, of 480 x 270 pixels)"
    assert len(caplog.records) == 1
    assert line.startswith(f"{path}: constant dark bars are cut off {cut}; to keep them, set video.keep_bars")


def test_bars_are_kept_where_that_is_wanted(tmp_path, caplog):
    path = film(tmp_path / "in.mp4", framed(INSIDE["letterbox"]))
    kept = ingest_video(path, tmp_path / "a.mp4", settings=VideoSettings(keep_bars=True), tolerant=False)
    chosen = SourcePart((100, 0, 200, 270))
    cropped = ingest_video(path, tmp_path / "a.mp4", settings=VideoSettings(), tolerant=False, part=chosen)
    assert (kept.crop, kept.bars, kept.size) == (None, False, SIZE)
    assert (cropped.crop, cropped.bars, cropped.size) == (chosen.crop, False, (200, 270))
    assert not caplog.records


@pytest.mark.parametrize(("flag", "rotate"), [(90, 0), (0, 270), (180, 90)])
def test_bars_of_a_turned_picture(tmp_path, flag, rotate):
    upright = framed((0, 60, 270, 330), size=(270, 480))
    stored = [np.ascontiguousarray(np.rot90(np.rot90(p, rotate // 90), -flag // 90)) for p in upright]
    path = film(tmp_path / "in.mp4", stored, rotation=(flag, False))
    box = found(path, rotate=rotate)
    assert near(box, (0, 60, 270, 330), px=3)
    report = ingest_video(path, tmp_path / "store.mp4", settings=VideoSettings(), tolerant=False, rotate=rotate)
    assert report.crop == box


def test_a_fade_to_black_hides_no_bars(tmp_path):
    pictures = framed(INSIDE["letterbox"])
    pictures[:18] = 0
    pictures[18:30] //= 4
    assert near(found(film(tmp_path / "in.mp4", pictures)), INSIDE["letterbox"], px=3)


def stage(number, *, size=SIZE, floor=190, noise=0):
    """A dark room with a lit floor, and a dancer in front of both."""
    width, height = size
    picture = np.full((height, width, 3), 4, np.uint8)
    picture[floor:] = (150, 110, 60)
    x = round(width * (0.5 + 0.3 * np.sin(number / 8)))
    cv2.ellipse(picture, (x, floor - 45), (18, 80), 0, 0, 360, (200, 170, 150), -1)
    if noise:
        rng = np.random.default_rng(number)
        picture = np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)
    return picture


def spot(number):
    """A round light on a black stage."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    light = 220 * np.exp(-(((x - 240) / 90.0) ** 2 + ((y - 140) / 60.0) ** 2) * 2)
    picture = np.repeat(light[..., None], 3, axis=2).astype(np.uint8)
    cv2.circle(picture, (240 + round(40 * np.sin(number / 5)), 140), 20, (90, 60, 60), -1)
    return picture


def vignette(number):
    ramp = np.clip((np.arange(SIZE[1]) - 30) * 3, 0, 255) / 255
    return (scene(SIZE, number) * ramp[:, None, None]).astype(np.uint8)


def tilted(number):
    """The edge of a dark ceiling, seen by a camera that is not quite level."""
    picture = scene(SIZE, number)
    cv2.fillPoly(picture, [np.array([(0, 0), (480, 0), (480, 60), (0, 40)])], (0, 0, 0))
    return picture


def blue(number):
    picture = scene(SIZE, number)
    picture[:40], picture[-40:] = (0, 0, 90), (0, 0, 90)
    return picture


NO_BARS = {
    "room": lambda k: scene(SIZE, k),
    "dark stage": stage,
    "noisy dark stage": lambda k: stage(k, noise=4),
    "spot light": spot,
    "vignette": vignette,
    "tilted ceiling": tilted,
    "blue": blue,
    "black": lambda k: np.zeros((*SIZE[::-1], 3), np.uint8),
    "still": lambda k: stage(0),
}


@pytest.mark.parametrize("kind", NO_BARS)
def test_what_is_no_bar_stays(tmp_path, kind):
    assert found(film(tmp_path / "in.mp4", [NO_BARS[kind](k) for k in range(FRAMES)])) is None


@pytest.mark.parametrize("what", ["logo", "subtitle"])
def test_a_bar_in_which_something_appears_stays(tmp_path, what):
    pictures = framed(INSIDE["letterbox"])
    for picture in pictures[30:54]:
        if what == "logo":
            cv2.circle(picture, (440, 252), 8, (200, 30, 30), -1)
        else:
            cv2.putText(picture, "la la la", (180, 260), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1)
    box = found(film(tmp_path / "in.mp4", pictures))
    # The bar above shows nothing; the one below does.
    assert near(box, (0, 36, 480, 234), px=3)
    assert box[1] + box[3] == 270


@pytest.mark.parametrize("facing", [True, False])
def test_writing_that_never_changes_goes_with_a_frame_alone(tmp_path, facing):
    inside = (60, 45, 360, 180) if facing else (0, 45, 480, 225)
    pictures = framed(inside, level=28, low=80)
    for picture in pictures:
        cv2.putText(picture, "THE DANCE", (100, 32), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (180, 180, 180), 1)
    box = found(film(tmp_path / "in.mp4", pictures))
    assert near(box, inside, px=3) if facing else box is None


def test_bars_that_end_before_the_part_begins_are_none(tmp_path):
    pictures = np.concatenate([framed(INSIDE["letterbox"]), [scene(SIZE, k) for k in range(FRAMES)]])
    path = film(tmp_path / "in.mp4", pictures)
    assert found(path) is None
    assert found(path, part=SourcePart(None, 3.1)) is None
    assert near(found(path, part=SourcePart(None, 0, 2.9)), INSIDE["letterbox"], px=3)


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".avi", ".webm"])
def test_other_files(tmp_path, suffix):
    quick = {"deadline": "realtime", "cpu-used": "8", "b": "2000000"}
    kind = {
        ".avi": {"codec": "mpeg4", "options": {"qmin": "2", "qmax": "6"}},
        ".webm": {"codec": "libvpx", "options": quick},
    }
    path = film(tmp_path / f"in{suffix}", framed(INSIDE["letterbox"]), **kind.get(suffix, {}))
    assert near(found(path), INSIDE["letterbox"], px=3)
