"""What is kept of a stage's result: numbers that any change moves, and what is said when they moved."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

import cv2
import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

PARTS = 16


@dataclass(frozen=True)
class Result:
    """Some numbers of a stage's result. within: how far figures of them may lie from machine to machine."""

    numbers: NDArray[Any]
    within: float = 1e-4


def result(numbers: ArrayLike, *, within: float = 1e-4) -> Result:
    """Numbers of any shape and kind, NaN where there is none."""
    return Result(np.asarray(numbers, np.float64).ravel(), within)


def fingerprint(numbers: NDArray[np.float64]) -> dict[str, float]:
    """Count, missing ones, mean and deviation, the means of PARTS equal parts, and a mean with changing signs."""
    missing = np.isnan(numbers)
    known = np.where(missing, 0.0, numbers)
    about = {"size": len(numbers), "missing": int(missing.sum()), "mean": known.mean(), "deviation": known.std()}
    about |= {f"part {at}": part.mean() for at, part in enumerate(np.array_split(known, PARTS)) if len(part)}
    return {**about, "weighted": float((known * np.cos(np.arange(len(known)))).mean())}


def entry(results: Mapping[str, Result], *, version: int) -> dict[str, Any]:
    """What the file of golden numbers has of a stage."""
    return {"version": version, "results": {name: fingerprint(each.numbers) for name, each in results.items()}}


def complaint(stage: str, golden: Mapping[str, Any], results: Mapping[str, Result], *, version: int) -> str:
    """What is wrong with a stage's version or its golden numbers, and what to do; empty if nothing is."""
    if golden["version"] != version:
        return (
            f"{stage} is of version {version}, its golden numbers are of version {golden['version']}: write them anew "
            "(python tests/golden/test_golden.py)"
        )
    if set(golden["results"]) != set(results):
        return f"{stage} has other golden numbers ({set(golden['results']) ^ set(results)}): write them anew"
    for name, each in results.items():
        kept, found = golden["results"][name], fingerprint(each.numbers)
        for figure in kept.keys() | found.keys():
            before, now = kept.get(figure, np.nan), found.get(figure, np.nan)
            if not abs(now - before) <= each.within + 1e-6 * abs(before):
                return (
                    f"the result of {stage} changed ({name}, {figure}: {before:.6g} is now {now:.6g}): bump its "
                    "version in danceit_core/versions.py and write the golden numbers anew"
                )
    return ""


@contextlib.contextmanager
def alike_everywhere() -> Iterator[None]:
    """One thread, single precision: what is computed here differs from machine to machine by its last digits."""
    threads, cv_threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        # Some CPUs have half precision.
        with mock.patch("torch.cpu.get_capabilities", return_value={}):
            yield
    finally:
        torch.set_num_threads(threads)
        cv2.setNumThreads(cv_threads)
