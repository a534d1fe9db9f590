"""What a run needs of this machine: Python, Snakemake, PyTorch and its devices, encoders, room on the disk."""

import importlib.metadata
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

# Results of the demo take 0.6 GB; a person's training keeps its frames on the disk, too.
LEAST_FREE_GB = 5.0
ENCODERS = {"libx264": "video", "aac": "sound"}


def machine_lines(results: Path) -> Iterator[tuple[str, str]]:
    """Pairs of a line and the fault that it tells, "" for none. results: where the results go, existing or not."""
    yield f"Python {platform.python_version()}, {platform.machine()}", ""
    yield _package("snakemake", remedy='install it with `pip install --editable ".[workflow]"`')
    yield _devices(), ""
    for name, what in ENCODERS.items():
        yield _encoder(name, what)
    yield _disk(results)


def _package(name: str, *, remedy: str) -> tuple[str, str]:
    try:
        return f"{name} {importlib.metadata.version(name)}", ""
    except importlib.metadata.PackageNotFoundError:
        return f"{name}: not installed", f"{name} is not installed; {remedy}"


def _devices() -> str:
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    names = ", ".join(torch.cuda.get_device_name(number) for number in range(count))
    return f"PyTorch {torch.__version__}, " + (f"GPU: {names}" if names else "no GPU: networks are trained on the CPU")


def _encoder(name: str, what: str) -> tuple[str, str]:
    import av
    from av.codec import Codec

    try:
        Codec(name, "w")
    except (av.FFmpegError, ValueError):
        return (
            f"encoder {name}: missing",
            f"PyAV {av.__version__} has no encoder {name} for {what}; install PyAV from its own wheel, with its FFmpeg",
        )
    return f"encoder {name}: there (PyAV {av.__version__})", ""


def _disk(results: Path) -> tuple[str, str]:
    folder = next(path for path in (results, *results.parents) if path.is_dir())
    free_gb = shutil.disk_usage(folder).free / 1e9
    line = f"disk: {free_gb:.0f} GB free in {folder}"
    if free_gb >= LEAST_FREE_GB:
        return line, ""
    return line, f"{free_gb:.1f} GB are free in {folder}; free {LEAST_FREE_GB:.0f} GB, or set results to another disk"
