"""A photograph as a target: told from a video by its bytes, read as it is meant to be seen, stored as one frame."""

import cv2
import numpy as np
import pytest
from dancers import sine_dancer
from media_files import flashes, write_file
from PIL import Image, ImageCms

from danceit_core.config import CleaningSettings, VideoSettings
from danceit_core.errors import MediaError, PoseError
from danceit_core.media import photograph
from danceit_core.media.part import SourcePart
from danceit_core.media.photograph import read_photograph
from danceit_core.media.photograph_kind import is_photograph, kind_of_photograph
from danceit_core.media.source import ingest_video, read_report, write_report
from danceit_core.media.suitable import fault_of_person, fault_of_video
from danceit_core.media.video import each_frame, probe
from danceit_core.pose.clean import clean_table
from danceit_core.pose.table import PoseTable

WIDTH, HEIGHT = 120, 80
SETTINGS = VideoSettings(size=64)


def scene() -> np.ndarray:
    """Red at the left, green at the right, a blue upper third; (HEIGHT, WIDTH, 3)."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, : WIDTH // 2] = (200, 40, 40)
    picture[:, WIDTH // 2 :] = (40, 180, 60)
    picture[: HEIGHT // 3] = (30, 60, 210)
    return picture


def near(picture, other, *, levels=6.0) -> bool:
    return picture.shape == other.shape and np.abs(picture.astype(float) - other).mean() < levels


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.jpg", "JPEG"), ("a.png", "PNG"), ("a.webp", "WebP"), ("a.tiff", "TIFF"), ("a.avif", "AVIF"), ("a.dat", "PNG")],
)
def test_kinds_of_photographs(tmp_path, name, kind):
    path = tmp_path / name
    Image.fromarray(scene()).save(path, format=kind, **({"quality": 95} if kind != "PNG" else {}))
    assert kind_of_photograph(path) == kind
    assert near(read_photograph(path), scene())


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.gif"])
def test_what_moves_is_a_video(tmp_path, name):
    frames = [Image.fromarray(np.full((64, 64, 3), 40 * level, np.uint8)) for level in range(4)]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=50)
    assert not is_photograph(tmp_path / name)


def test_videos_text_streams_of_pictures_and_nothing_are_no_photographs(tmp_path):
    times_s = np.arange(30) / 30
    write_file(tmp_path / "a.mp4", pictures=flashes(times_s, flash_s=[]), times_s=times_s)
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    (tmp_path / "cut.webp").write_bytes(b"RIFF\0\0\0\0WEBPVP8X")
    assert kind_of_photograph(tmp_path / "cut.png") == "PNG"
    assert kind_of_photograph(tmp_path / "cut.webp") == "WebP"
    Image.fromarray(scene()).save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").rename(tmp_path / "raw.mjpeg")
    assert not any(is_photograph(tmp_path / name) for name in ("a.mp4", "a.txt", "raw.mjpeg", "gone.jpg"))


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_a_phone_that_was_turned(tmp_path, orientation, turns):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(scene()).save(tmp_path / "a.jpg", quality=95, exif=exif)
    upright = np.rot90(scene(), turns)
    assert near(read_photograph(tmp_path / "a.jpg"), upright)
    assert near(read_photograph(tmp_path / "a.jpg", rotate=90), np.rot90(upright, -1))


def test_what_is_transparent_lies_on_white(tmp_path):
    picture = np.dstack([scene(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    picture[:, -20:, 3] = 0
    Image.fromarray(picture).save(tmp_path / "a.png")
    read = read_photograph(tmp_path / "a.png")
    assert (read[:, -20:] == 255).all()
    np.testing.assert_array_equal(read[:, :-20], scene()[:, :-20])
    Image.fromarray(picture).quantize(8).save(tmp_path / "few.png")
    assert (read_photograph(tmp_path / "few.png")[:, -20:] == 255).all()


def test_sixteen_bits_grey_and_cmyk(tmp_path):
    ramp = np.tile(np.linspace(0, 65535, WIDTH), (HEIGHT, 1)).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "grey.png")
    grey = read_photograph(tmp_path / "grey.png")
    assert grey.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(grey[..., 0], ramp / 257, atol=1)
    cv2.imwrite(str(tmp_path / "deep.png"), (scene()[..., ::-1].astype(np.uint16) * 257))
    np.testing.assert_allclose(read_photograph(tmp_path / "deep.png"), scene(), atol=1)
    Image.fromarray(scene()).convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    assert near(read_photograph(tmp_path / "print.jpg"), scene(), levels=12)
    Image.fromarray(scene()).convert("1").save(tmp_path / "bits.png")
    assert set(np.unique(read_photograph(tmp_path / "bits.png"))) == {0, 255}


def test_colours_of_another_profile_become_those_of_srgb(tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(scene()).save(tmp_path / "same.png", icc_profile=srgb)
    np.testing.assert_allclose(read_photograph(tmp_path / "same.png"), scene(), atol=2)
    # One whose first colour is blue and whose last is red.
    exchanged = srgb.replace(b"rXYZ", b"xXYZ").replace(b"bXYZ", b"rXYZ").replace(b"xXYZ", b"bXYZ")
    Image.fromarray(scene()).save(tmp_path / "exchanged.png", icc_profile=exchanged)
    np.testing.assert_allclose(read_photograph(tmp_path / "exchanged.png"), scene()[..., ::-1], atol=3)
    Image.fromarray(scene()).save(tmp_path / "broken.png", icc_profile=b"no profile at all")
    np.testing.assert_array_equal(read_photograph(tmp_path / "broken.png"), scene())


def test_sizes_that_cannot_be(tmp_path, monkeypatch):
    Image.fromarray(scene()[:40]).save(tmp_path / "tiny.png")
    with pytest.raises(MediaError, match=r"tiny\.png has 120 x 40 pixels, but each side needs at least"):
        read_photograph(tmp_path / "tiny.png")
    monkeypatch.setattr(photograph, "MOST_PIXELS", 5000)
    Image.fromarray(scene()).save(tmp_path / "huge.png")
    with pytest.raises(MediaError, match=r"huge\.png has 120 x 80 pixels, more than 5000; shrink it"):
        read_photograph(tmp_path / "huge.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # Pillow's own limit
    with pytest.raises(MediaError, match=r"huge\.png has more than 5000 pixels; shrink it"):
        read_photograph(tmp_path / "huge.png")


def test_one_that_is_damaged_or_of_a_kind_that_cannot_be_read(tmp_path):
    Image.effect_noise((WIDTH, HEIGHT), 90).save(tmp_path / "cut.jpg")
    whole = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaError, match=r"cut\.jpg cannot be read \(image file is truncated.*copy it again"):
        read_photograph(tmp_path / "cut.jpg")
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))
    with pytest.raises(MediaError, match=r"phone\.heic: HEIC photographs cannot be read; save it as a JPEG or PNG"):
        read_photograph(tmp_path / "phone.heic")
    with pytest.raises(MediaError, match=r"gone\.jpg: no such file"):
        read_photograph(tmp_path / "gone.jpg")
    assert fault_of_person(tmp_path / "phone.heic").startswith("HEIC photographs cannot be read")


def test_a_photograph_becomes_a_store_of_one_frame(tmp_path):
    large = cv2.resize(scene(), (240, 160), interpolation=cv2.INTER_NEAREST)
    Image.fromarray(large).save(tmp_path / "a.png")
    report = ingest_video(tmp_path / "a.png", tmp_path / "a.mp4", settings=SETTINGS, long_side=120, tolerant=False)
    write_report(tmp_path / "a.json", report)
    assert read_report(tmp_path / "a.json") == report
    assert report.still
    assert (report.frames, report.size, report.width, report.height) == (1, (120, 80), 240, 160)
    assert report.letterbox == (0.5, 0.0, 0.0)
    assert (probe(tmp_path / "a.mp4").width, probe(tmp_path / "a.mp4").height) == (120, 80)
    assert near(next(each_frame(tmp_path / "a.mp4", [0])), scene(), levels=3)
    with pytest.raises(MediaError, match="its 1 frames"):
        list(each_frame(tmp_path / "a.mp4", [1]))


def test_a_part_of_it_turned_and_in_a_square(tmp_path):
    Image.fromarray(np.rot90(scene())).save(tmp_path / "a.png")
    how = {"settings": SETTINGS, "long_side": 80, "tolerant": False, "rotate": 90}
    part = SourcePart(crop=(WIDTH // 2, 0, 60, HEIGHT))
    report = ingest_video(tmp_path / "a.png", tmp_path / "a.mp4", part=part, square=True, **how)
    assert report.size == (80, 80)
    frame = next(each_frame(tmp_path / "a.mp4", [0]))
    assert near(frame[:, 10:70], scene()[:, WIDTH // 2 :], levels=4)
    assert frame[:, :8].max() < 20
    with pytest.raises(MediaError, match="column crop is 100,0,64,64"):
        ingest_video(tmp_path / "a.png", tmp_path / "a.mp4", part=SourcePart(crop=(100, 0, 64, 64)), **how)


def test_among_dances_it_is_left_out_by_name(tmp_path):
    Image.fromarray(scene()).save(tmp_path / "a.jpg")
    report = ingest_video(tmp_path / "a.jpg", tmp_path / "a.mp4", settings=SETTINGS, tolerant=True)
    assert (
        report.refused
        == f"{tmp_path}/a.jpg is a photograph, but a dance to learn from must be a video: leave it out of the table"
    )
    assert not report.still


def test_persons_may_be_photographs(tmp_path):
    Image.fromarray(scene()).save(tmp_path / "a.jpg")
    assert fault_of_person(tmp_path / "a.jpg") == ""
    assert fault_of_video(tmp_path / "a.jpg") == "no video"
    (tmp_path / "notes.txt").write_text("words")
    assert fault_of_person(tmp_path / "notes.txt") == "no video"


def test_one_frame_is_kept_of_a_photograph_and_too_short_of_a_video(tmp_path):
    metadata = {"fps": 24.0, "width": 512, "height": 512}
    one = sine_dancer(1)
    kept = clean_table(
        PoseTable(one, metadata | {"still": True}), settings=CleaningSettings(), name="anna", tolerant=False
    )
    assert kept.columns["kept"].tolist() == [True]
    np.testing.assert_allclose(kept.keypoints, one)
    with pytest.raises(PoseError, match="short_segment"):
        clean_table(PoseTable(one, metadata), settings=CleaningSettings(), name="anna", tolerant=False)
    one[:, [11, 14]] = 0
    with pytest.raises(PoseError, match=r"neither foot is seen.*keep the feet in the picture"):
        clean_table(
            PoseTable(one, metadata | {"still": True}), settings=CleaningSettings(), name="anna", tolerant=False
        )
