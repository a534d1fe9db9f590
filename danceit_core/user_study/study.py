"""A prepared user study: what each clip is of. Kept from the voters; only the server reads it.

<results>/user_study/study.json    this
<results>/user_study/clips/        the clips, under names that say nothing
<results>/user_study/votes.sqlite  the answers (`votes`)
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from danceit_core.errors import StudyError
from danceit_core.files import write_text
from danceit_core.tables import DAMAGE, one_line
from danceit_core.user_study.stretches import VARIANTS, Stretch

VERSION = 2
FOLDER, STUDY, CLIPS, VOTES = "user_study", "study.json", "clips", "votes.sqlite"


@dataclass(frozen=True)
class Clip:
    """A file of the folder of clips: variant `variant` of stretch number `stretch`."""

    file: str
    variant: str
    stretch: int


@dataclass(frozen=True)
class Study:
    """Clips and their stretches of song.

    key: of these very clips, so that votes on others are not mixed with theirs. pairs: comparisons asked of a voter.
    folder: of the clips.
    """

    key: str
    fps: float
    pairs: int
    variants: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    clips: tuple[Clip, ...]
    folder: Path = Path()

    def path_of(self, clip: Clip) -> Path:
        """Where a clip lies."""
        return self.folder / clip.file


def write_study(
    path: str | Path, clips: Sequence[Clip], stretches: Sequence[Stretch], *, fps: float, pairs: int
) -> None:
    """Write down what clips in the folder `clips` beside `path` are of; whole or not at all."""
    folder = Path(path).parent / CLIPS
    digest = hashlib.sha256()
    for clip in clips:
        digest.update(f"{clip.variant} {clip.stretch} ".encode() + (folder / clip.file).read_bytes())
    about = {
        "version": VERSION,
        "key": digest.hexdigest()[:16],
        "fps": fps,
        "pairs": pairs,
        "variants": list(dict.fromkeys(clip.variant for clip in clips)),
        "stretches": [asdict(stretch) for stretch in stretches],
        "clips": [asdict(clip) for clip in clips],
    }
    write_text(path, json.dumps(about, indent=1) + "\n")


def read_study(path: str | Path) -> Study:
    """Read what `write_study` wrote. Raises StudyError when there is none, it is damaged, or a clip is missing."""
    again = "run `snakemake -- results/user_study/study.json` (or `make user-study`)"
    folder = Path(path).parent / CLIPS
    try:
        about = json.loads(Path(path).read_text(encoding="utf-8"))
        if about.pop("version") != VERSION:
            raise ValueError("of another version")
        stretches = tuple(Stretch(**entry) for entry in about.pop("stretches"))
        clips = tuple(Clip(**entry) for entry in about.pop("clips"))
        about["variants"] = tuple(about["variants"])
        study = Study(**about, stretches=stretches, clips=clips, folder=folder)
        if not clips or not set(study.variants) <= set(VARIANTS) or any("/" in clip.file for clip in clips):
            raise ValueError("no clips, or of unknown variants")
        {stretches[clip.stretch] for clip in clips}
    except FileNotFoundError:
        raise StudyError(f"{path}: no user study is prepared there; {again}") from None
    except DAMAGE as error:
        raise StudyError(f"{path} is no user study ({one_line(error)}); delete it and {again}") from error
    missing = [clip.file for clip in clips if not study.path_of(clip).is_file()]
    if missing:
        raise StudyError(f"{folder} lacks {len(missing)} clips ({missing[0]}, ...); delete {path} and {again}")
    return study
