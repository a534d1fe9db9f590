"""Training data of the matcher: fragments with sound, as positions in the frames of all dances (paper IV-B).

The song determines which pairs may be compared: dances of one `group` share their music (see `negatives`), and are used
for training, validation or testing together.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danceit_core.database.split import held_out
from danceit_core.database.table import Database
from danceit_core.matcher.windows import FeatureScale, Windows, measure_frames

VALIDATION_SHARE = 0.15
FEWEST_FOR_VALIDATION = 10


@dataclass(frozen=True)
class Pairs:
    """N fragments with sound, as windows of the frames of all dances.

    windows: over the frames; starts (N,): the frame at which each begins. For each of the N: video and group (numbers;
    dances of one group share a song), start_s (in the video), tempo_bpm (NaN: unknown) and part ("train", "validation",
    "test"). about: the database's `fps`, `seconds`, `feature_set`, and the SHA-256 of its `sources`.
    """

    windows: Windows
    starts: NDArray[np.int64]
    video: NDArray[np.int64]
    group: NDArray[np.int64]
    start_s: NDArray[np.float64]
    tempo_bpm: NDArray[np.float64]
    part: NDArray[np.str_]
    about: dict[str, Any]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def seconds(self) -> float:
        """Length of a fragment."""
        return float(self.about["seconds"])

    def only(self, chosen: NDArray[Any]) -> "Pairs":
        """The pairs at `chosen` (a mask or numbers), over the same frames."""
        columns = ("starts", "video", "group", "start_s", "tempo_bpm", "part")
        return dataclasses.replace(self, **{name: getattr(self, name)[chosen] for name in columns})

    def on(self, device: torch.device) -> "Pairs":
        """The same pairs, gathered on a GPU if it has the memory for all frames."""
        return dataclasses.replace(self, windows=self.windows.on(device))

    def take_poses(self, chosen: NDArray[np.int64]) -> Tensor:
        """Normalised poses (B, F, 25, 3) float32, on the device of the frames."""
        return self.windows.poses(self.starts[chosen])

    def take_sounds(self, chosen: NDArray[np.int64], *, scale: FeatureScale) -> Tensor:
        """Standardised features (B, F, D) float32, on the device of the frames."""
        return self.windows.sounds(self.starts[chosen], scale=scale)


def measure_features(pairs: Pairs) -> FeatureScale:
    """Statistics of the features of some pairs."""
    return measure_frames(pairs.windows.features, pairs.starts, length=pairs.windows.length)


def make_pairs(database: Database) -> Pairs:
    """The fragments of a database that have sound; nothing is copied."""
    table = database.table[database.table["has_sound"].to_numpy(bool)]
    groups = table["group"].to_numpy(str)
    return Pairs(
        windows=Windows.of(database.frames, length=database.length),
        starts=table["row"].to_numpy(np.int64),
        video=_numbered(table["video"].to_numpy(str)),
        group=_numbered(groups),
        start_s=table["start_frame"].to_numpy(np.float64) / database.fps,
        tempo_bpm=table["tempo_bpm"].to_numpy(np.float64),
        part=part_of(groups, table["split"].to_numpy(str)),
        about={
            **{key: database.metadata[key] for key in ("fps", "seconds", "feature_set")},
            "sources": database.frames.dances["source_sha256"].tolist(),
        },
    )


def part_of(groups: NDArray[np.str_], split: NDArray[np.str_]) -> NDArray[np.str_]:
    """ "train", "validation" (some of ten or more training songs) or "test" for each fragment, by its song."""
    learnt = sorted(set(groups[split == "train"].tolist()))
    part = split.astype("<U10")
    if len(learnt) >= FEWEST_FOR_VALIDATION:
        # By another hash than the test songs: the hashes of all remaining songs are above the test share.
        held = held_out(learnt, share=VALIDATION_SHARE, purpose="validation ")
        part[(split == "train") & np.isin(groups, sorted(held))] = "validation"
    return part


def _numbered(names: NDArray[np.str_]) -> NDArray[np.int64]:
    """The rank of each name among all names, sorted."""
    return np.unique(names, return_inverse=True)[1].reshape(-1).astype(np.int64)
