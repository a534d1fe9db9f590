"""The whole chain before targets of four shapes: each finished video has its own, upright, with room for the dancer.

One studio dancer is filmed once; the room is then continued at the sides, above or below, so that the four films differ
in nothing but their shape. Red and blue marks on the wall say which way is up and which side is which.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from checkout import ROOT
from media_files import write_file

from danceit_core.media.audio import write_sound
from danceit_core.media.letterbox import content_box
from danceit_core.media.video import decode_frames, probe, read_frames
from danceit_core.pose.capsules import body_size
from danceit_core.pose.skeleton import ANKLES, present
from danceit_core.pose.table import read_pose_table
from danceit_core.studio.cast import CLIPS
from danceit_core.studio.dancer import dress
from danceit_core.studio.instruments import SAMPLE_RATE_HZ
from danceit_core.studio.music import compose_song
from danceit_core.studio.record import perform, project_joints
from danceit_core.studio.renderer import Camera, Renderer

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

FPS, SIDE, TARGET_S, DANCE_S, SONG_S = 24, 160, 2.5, 8.0, 4.0
LONG_SIDE = 240
RED, BLUE = (200, 30, 30), (30, 30, 200)
# Of the picture's width and height: the red mark hangs in the upper left corner of the room, the blue one on the right.
MARK_SIZE, MARK_FROM = 0.12, 0.02
SETTINGS = """
videos: {folder}/videos.tsv
songs: {folder}/songs.tsv
targets: {folder}/targets.tsv
results: {results}
video: {{size: 192}}
matcher: {{epochs: 1}}
pose_gan:
  picture_size: {picture_size}
  image_size: 64
  channels: 8
  downsamplings: 2
  blocks: 1
  enhancer_blocks: 1
  discriminator_channels: 8
  iterations: 8
  checkpoint_every: 8
rendering: {{long_side: 240}}
"""


@dataclass(frozen=True)
class Film:
    """A target's film. more: rows above and below, columns left and right that the room is continued by, pixels.

    rotation: degrees counter-clockwise by which a player turns what is stored.
    """

    more: tuple[tuple[int, int], tuple[int, int]]
    rotation: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        (above, below), (left, right) = self.more
        return SIDE + left + right, SIDE + above + below


FILMS = {
    "landscape": Film(((0, 0), (62, 62))),
    "portrait": Film(((90, 34), (0, 0))),
    "square": Film(((0, 0), (0, 0))),
    # Odd sides, and stored lying on its side, as phones do.
    "turned": Film(((56, 21), (7, 6)), rotation=90),
}
each_film = pytest.mark.parametrize("name", FILMS)


def studio_dance(clip: str, mesh: Path, *, seconds: float):
    """The bones, true joints at 512 x 512 and song of a clip, without its pictures."""
    scene = CLIPS[clip]
    song = compose_song(tempo_bpm=scene.tempo_bpm, seconds=seconds, seed=scene.seed)
    dancer = dress(mesh, scene.look)
    solved, _ = perform(scene, dancer, song, seconds=seconds)
    return scene, dancer, solved, song


def film_dancer(mesh: Path) -> np.ndarray:
    """Pictures (T, SIDE, SIDE, 3) of the target in the studio."""
    scene, dancer, solved, _ = studio_dance("target", mesh, seconds=TARGET_S)
    renderer = Renderer(dancer, scene.room, Camera.for_height(dancer.body.height), size=SIDE, supersampling=1)
    bones = solved.transforms(dancer.body.skeleton).astype(np.float32)
    return np.stack([renderer.draw(frame) for frame in bones])


def write_film(path: Path, pictures: np.ndarray, film: Film) -> None:
    """The same pictures in a larger room with a mark in either upper corner."""
    roomy = np.pad(pictures, ((0, 0), *film.more, (0, 0)), mode="edge")
    for colour, place in ((RED, marks(film.size)[0]), (BLUE, marks(film.size)[1])):
        roomy[(slice(None), *place)] = colour
    # Turning counter-clockwise when shown undoes turning clockwise when stored.
    stored = np.rot90(roomy, -film.rotation // 90, axes=(1, 2))
    write_file(
        path, pictures=[np.ascontiguousarray(picture) for picture in stored], times_s=np.arange(len(stored)) / FPS,
        rate=FPS, pixels="yuv444p", rotation=(film.rotation, False) if film.rotation else None,
    )  # fmt: skip


def marks(size: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Rows and columns of the red and of the blue mark in a picture of (width, height)."""
    width, height = size
    rows = slice(round(MARK_FROM * height), round((MARK_FROM + MARK_SIZE) * height))
    first, end = round(MARK_FROM * width), round((MARK_FROM + MARK_SIZE) * width)
    return (rows, slice(first, end)), (rows, slice(width - end, width - first))


def middle_of(picture: np.ndarray, place: tuple[slice, slice]) -> np.ndarray:
    """Mean colour of the inner half of a part of a picture."""
    part = picture[place]
    height, width = part.shape[:2]
    return part[height // 4 : -(height // 4), width // 4 : -(width // 4)].reshape(-1, 3).mean(0)


def is_upright(picture: np.ndarray) -> bool:
    """Whether the red mark is in the upper left corner and the blue one in the upper right."""
    red, blue = (middle_of(picture, place) for place in marks(picture.shape[1::-1]))
    return red[0] > 140 and red[2] < 90 and blue[2] > 140 and blue[0] < 90


def project(folder: Path, *, results: str, picture_size: int = 0) -> Path:
    path = folder / f"{results}.yaml"
    path.write_text(SETTINGS.format(folder=folder, results=folder / results, picture_size=picture_size))
    return path


def run(config: Path, *wanted: str) -> None:
    command = [sys.executable, "-m", "snakemake", "--configfile", str(config), "--cores", "2", "--resources", "gpu=1"]
    ran = subprocess.run(
        [*command, "--quiet", "rules", "--", *wanted],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory, body_mesh, pose_weights) -> Path:
    """A project: two dances of joints and songs, a song, four targets."""
    folder = tmp_path_factory.mktemp("shapes")
    rows = []
    for number in (1, 2):
        _, dancer, solved, song = studio_dance(f"dancer_{number}", body_mesh, seconds=DANCE_S)
        joints = project_joints(dancer, solved, Camera.for_height(dancer.body.height), size=512)
        np.savez(folder / f"dance_{number}.npz", keypoints=joints)
        write_sound(folder / f"dance_{number}.flac", song.samples, sample_rate_hz=SAMPLE_RATE_HZ)
        rows.append(f"dance_{number}\t\t{folder}/dance_{number}.flac\t{folder}/dance_{number}.npz\t24\t512\t512")
    (folder / "videos.tsv").write_text("\n".join(["video\tpath\taudio\tkeypoints\tfps\twidth\theight", *rows]) + "\n")
    song = compose_song(tempo_bpm=112, seconds=SONG_S, seed=21)
    write_sound(folder / "song.flac", song.samples, sample_rate_hz=SAMPLE_RATE_HZ)
    (folder / "songs.tsv").write_text(f"song\tpath\ntango\t{folder}/song.flac\n")
    pictures = film_dancer(body_mesh)
    for name, film in FILMS.items():
        write_film(folder / f"{name}.mp4", pictures, film)
    targets = [f"{name}\t{folder}/{name}.mp4\tyes" for name in FILMS]
    (folder / "targets.tsv").write_text("\n".join(["target\tpath\tconsent", *targets]) + "\n")
    return folder


@pytest.fixture(scope="module")
def frames(folder) -> Path:
    """The frame stores of the four."""
    run(project(folder, results="results"), *(f"{folder}/results/frames/{name}.mp4" for name in FILMS))
    return folder / "results" / "frames"


@pytest.fixture(scope="module")
def results(folder, frames) -> Path:
    """The finished videos and control videos of the four."""
    made = [f"{folder}/results/{kind}/{name}/tango.mp4" for kind in ("videos", "control") for name in FILMS]
    run(project(folder, results="results"), *made)
    return folder / "results"


def own_size(name: str) -> tuple[float, float]:
    """Width and height that a video of a film has, up to rounding to even pixels."""
    scale = min(1.0, LONG_SIDE / max(FILMS[name].size))
    return FILMS[name].size[0] * scale, FILMS[name].size[1] * scale


def has_shape_of(name: str, size: tuple[int, int]) -> bool:
    return all(side % 2 == 0 and abs(side - own) <= 1.01 for side, own in zip(size, own_size(name), strict=True))


@each_film
def test_the_frame_store_is_upright_in_the_films_shape(frames, name):
    pictures = read_frames(frames / f"{name}.mp4", [0, 30])
    assert has_shape_of(name, pictures.shape[2:0:-1])
    assert all(is_upright(picture) for picture in pictures)


@each_film
def test_the_finished_video_is_upright_in_its_own_shape_without_bars(results, name):
    video = results / "videos" / name / "tango.mp4"
    info = probe(video)
    assert has_shape_of(name, (info.width, info.height))
    pictures = np.stack(list(decode_frames(video, fps=FPS, size=None)))
    assert len(pictures) == round(SONG_S * FPS)
    for picture in (pictures[0], pictures[len(pictures) // 2], pictures[-1]):
        assert is_upright(picture)
    # Wall and floor are light: a bar would be the darkest row or column by far.
    room = np.median(pictures, axis=0).mean(-1)
    for edge in (room[:2], room[-2:], room[:, :2], room[:, -2:]):
        assert edge.mean() > 60


@each_film
def test_the_dancer_stays_in_the_picture_and_on_the_persons_floor(results, name):
    dance = read_pose_table(results / "poses" / name / "tango.parquet")
    target = read_pose_table(results / "camera" / f"{name}.parquet")
    seen = present(dance.keypoints)
    xy = dance.keypoints[..., :2][seen]
    assert has_shape_of(name, dance.size)
    assert (xy >= 0).all()
    assert (xy <= dance.size).all()
    ground, danced = (np.percentile(t.keypoints[:, list(ANKLES), 1].max(axis=1), 80) for t in (target, dance))
    height = float(np.nanmedian(body_size(target.keypoints)))
    assert abs(ground - danced) < 0.25 * height
    assert abs(np.nanmedian(body_size(dance.keypoints)) / height - 1) < 0.25


@each_film
def test_what_is_painted_over_the_room_is_where_the_dancer_is(results, name):
    """Also of a network that has hardly learnt: around the person the room is that of the film, pixel by pixel."""
    pictures = np.stack(list(decode_frames(results / "videos" / name / "tango.mp4", fps=FPS, size=None))).astype(int)
    filmed = np.stack(list(decode_frames(results / "frames" / f"{name}.mp4", fps=FPS, size=None))).astype(int)
    room = np.median(filmed, axis=0)
    dance = read_pose_table(results / "poses" / name / "tango.parquet")
    height = float(np.nanmedian(body_size(dance.keypoints)))
    for number in range(0, len(pictures), 12):
        joints = dance.keypoints[number][present(dance.keypoints[number])]
        left, top = (joints[:, :2].min(0) - height).clip(0).astype(int)
        right, bottom = (joints[:, :2].max(0) + height).astype(int)
        away = np.ones(room.shape[:2], bool)
        away[top:bottom, left:right] = False
        difference = np.abs(pictures[number] - room).mean(-1)
        assert not away.any() or difference[away].mean() < 6
        # Somebody is there.
        assert difference[~away].max() > 40


@each_film
def test_the_control_video_fits_the_finished_one(results, name):
    video, control = results / "videos" / name / "tango.mp4", results / "control" / name
    finished = probe(video)
    for path in (control / "tango.mp4", control / "tango_outline.mp4"):
        info = probe(path)
        assert (info.width, info.height, info.fps) == (finished.width, finished.height, finished.fps)
        assert len(list(decode_frames(path, fps=FPS, size=None))) == round(SONG_S * FPS)


def test_the_papers_square_has_bars_and_the_dancer_stays_between_them(folder, results):
    """`pose_gan.picture_size` of config/paper.yaml: a portrait film stands in the middle of a square."""
    side = 128
    for shared in ("music", "database", "matcher", "choreography"):
        shutil.copytree(results / shared, folder / "paper" / shared, dirs_exist_ok=True)
    for table in ("keypoints", "cleaned"):
        (folder / "paper" / table).mkdir(exist_ok=True)
        for number in (1, 2):
            shutil.copy2(results / table / f"dance_{number}.parquet", folder / "paper" / table)
    config = project(folder, results="paper", picture_size=side)
    run(config, f"{folder}/paper/poses/portrait/tango.parquet")
    picture = read_frames(folder / "paper" / "frames" / "portrait.mp4", [0])[0]
    assert picture.shape == (side, side, 3)
    rows, columns = content_box(FILMS["portrait"].size, (side, side))
    assert picture[:, : columns.start - 2].max(initial=0) < 30
    assert is_upright(picture[rows, columns])
    dance = read_pose_table(folder / "paper" / "poses" / "portrait" / "tango.parquet")
    assert dance.size == (side, side)
    across = dance.keypoints[..., 0][present(dance.keypoints)]
    assert across.min() >= columns.start - 1
    assert across.max() <= columns.stop + 1
