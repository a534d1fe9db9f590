"""Find the frames of OpenPose JSON in a folder or zip, and read them in the order of their numbers.

OpenPose writes one file per frame, `NAME_000000000012_keypoints.json`. Files that an operating system left beside them
are skipped; other files are skipped with a warning that counts them. A zip of a few kB may unpack to gigabytes:
therefore the number of files, the bytes per frame and the total bytes are bounded and counted during reading, and the
zip's headers are not trusted alone.
"""

import itertools
import logging
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from danceit_core.errors import PoseError
from danceit_core.input_files import is_stray
from danceit_core.tables import DAMAGE, one_line

log = logging.getLogger(__name__)

FORMATS = "a folder or .zip of OpenPose JSON (BODY_25), an .npz with array `keypoints` (frames, 25, 3), or a .parquet"
FRAME_NUMBER = re.compile(r"(?<![0-9])0*([0-9]{1,18})(?:_keypoints)?\.json$", re.IGNORECASE)
# A longer hole in the numbering means files of several videos, not a dance with lost frames.
LONGEST_HOLE = 100_000
# Four hours at 60 frames a second are 864,000 frames.
MOST_FRAMES = 1_000_000
# One person with face and hands takes 3 kB, 10 kB indented. An hour of twenty people at 60 frames per second: 14 GB.
MOST_FRAME_BYTES, MOST_BYTES = 2**21, 2**34
# OpenPose's numbers compress to a third; a file that unpacks to twenty times its size is malicious, unless it is small.
MOST_UNPACKED, SMALL_BYTES = 20, 2**23
# The errors that zipfile and its decompressors raise on a damaged zip.
UNREADABLE = (*DAMAGE, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)

Frame = tuple[int, str, bytes]


def folder_frames(folder: Path) -> Iterator[Frame]:
    """Number, name and contents of each frame in a folder. Raises PoseError."""
    try:
        with os.scandir(folder) as entries:
            names = (entry.name for entry in entries if not is_stray(entry.name))
            listed = list(itertools.islice(names, MOST_FRAMES + 1))
    except OSError as error:
        raise PoseError(f"{folder} cannot be read ({error.strerror}); check column `keypoints`") from error
    left = MOST_BYTES
    for number, index in _choose(folder, listed):
        data = _read_file(folder, listed[index])
        left -= len(data)
        _check_sizes(folder, listed[index], data, left=left)
        yield number, shown(listed[index]), data


def zip_frames(path: Path) -> Iterator[Frame]:
    """Number, name and contents of each frame in a zip. Raises PoseError for a damaged zip or a zip bomb."""
    try:
        left = most_unpacked(path)
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not (entry.is_dir() or is_stray(entry.filename))]
            frames = _choose(path, [entry.filename for entry in entries])
            # First check what the headers announce; wrong headers are detected below.
            if (announced := sum(entries[index].file_size for _, index in frames)) > left:
                raise PoseError(
                    f"{path} unpacks to {announced} bytes, far more than a dance has ({left} in a zip of its size); "
                    "give the files that OpenPose wrote, and split them if they cover many hours"
                )
            for number, index in frames:
                entry = entries[index]
                check_entry(path, entry)
                with archive.open(entry) as file:
                    data = file.read(MOST_FRAME_BYTES + 1)
                left -= len(data)
                _check_sizes(path, entry.filename, data, left=left)
                yield number, shown(entry.filename), data
    except UNREADABLE as error:
        raise PoseError(
            f"{path} is not a readable zip file ({one_line(error)}); zip the folder of JSON files again"
        ) from error


def frame_files(folder: Path) -> list[Path]:
    """The .json files of a folder that `folder_frames` may read, sorted, the first MOST_FRAMES of them."""
    names = (entry.name for entry in os.scandir(folder) if entry.is_file() and not is_stray(entry.name))
    found = itertools.islice((name for name in names if name.lower().endswith(".json")), MOST_FRAMES)
    return [folder / name for name in sorted(found)]


def most_unpacked(path: Path, *, small: int = SMALL_BYTES) -> int:
    """The number of bytes that an archive may unpack to; at least `small`."""
    return min(MOST_BYTES, small + MOST_UNPACKED * path.stat().st_size)


def check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    """Raise PoseError for an entry of a zip that cannot be unpacked within bounds."""
    name = shown(entry.filename)
    if entry.flag_bits & 1:
        raise PoseError(f"{path}: {name} is encrypted; pack it again without a password")
    # The decompressors of other methods do not stop at the requested number of bytes.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise PoseError(f"{path}: {name} is not compressed with deflate; pack it again as a normal zip file")


def shown(name: str) -> str:
    """A name for a message: the last 80 characters, with bytes that are not UTF-8 escaped."""
    return ascii(name)[1:-1][-80:] if not name.isprintable() else name[-80:]


def _choose(source: Path, names: Sequence[str]) -> list[tuple[int, int]]:
    """Number of each frame among files and its place in `names`, ascending. Raises PoseError if there is none."""
    if len(names) > MOST_FRAMES:
        raise PoseError(f"{source} has more than {MOST_FRAMES} files; split it into one folder per video")
    files = [index for index, name in enumerate(names) if name.lower().endswith(".json")]
    named = [index for index in files if names[index].lower().endswith("_keypoints.json")]
    # If there are names as OpenPose writes them, `settings_2.json` is not a frame.
    frames = _numbered(names, named) or _numbered(names, files)
    if not frames and files:
        raise PoseError(
            f"{source}: {shown(names[files[0]])} has no frame number in its name; OpenPose writes "
            "NAME_0012_keypoints.json"
        )
    if not frames:
        held = f" (but {', '.join(shown(name) for name in sorted(names)[:3])})" if names else ""
        raise PoseError(f"{source} holds no .json file{held}; give {FORMATS}")
    for (number, _), (following, index) in itertools.pairwise(frames):
        if number == following:
            raise PoseError(
                f"{source}: frame {number} exists twice ({shown(names[index])}); give the files of one video"
            )
    last = frames[-1][0]
    if last > len(frames) + LONGEST_HOLE:
        raise PoseError(f"{source}: its last frame is {last}, but it has {len(frames)} files; give those of one video")
    if skipped := len(names) - len(frames):
        chosen = {index for _, index in frames}
        first = next(name for index, name in enumerate(names) if index not in chosen)
        log.warning("%s: skipped %d files that are not frames (%s)", source, skipped, shown(first))
    return frames


def _numbered(names: Sequence[str], indices: Sequence[int]) -> list[tuple[int, int]]:
    matches = ((FRAME_NUMBER.search(names[index]), index) for index in indices)
    return sorted((int(match.group(1)), index) for match, index in matches if match is not None)


def _read_file(folder: Path, name: str) -> bytes:
    """The contents of a frame, up to one byte beyond the limit. Raises PoseError if it is not a readable file."""
    path = folder / name
    try:
        # Reading a pipe would block, and a device has no end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise PoseError(f"{folder}: {shown(name)} is a folder, device or pipe, not a file; move it elsewhere")
        with path.open("rb") as file:
            return file.read(MOST_FRAME_BYTES + 1)
    except OSError as error:
        raise PoseError(f"{folder}: {shown(name)} cannot be read ({error.strerror}); repair or remove it") from error


def _check_sizes(source: Path, name: str, data: bytes, *, left: int) -> None:
    if len(data) > MOST_FRAME_BYTES:
        raise PoseError(
            f"{source}: {shown(name)} has more than {MOST_FRAME_BYTES} bytes, too many for a frame; give the files "
            "that OpenPose wrote"
        )
    if left < 0:
        raise PoseError(
            f"{source} has far more bytes than a dance has, up to {shown(name)}; give the files that OpenPose wrote, "
            "and split them if they cover many hours"
        )
