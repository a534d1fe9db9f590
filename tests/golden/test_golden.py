"""Results of stages on fixed input. When one changes, bump its version in danceit_core/versions.py and write anew:

python tests/golden/test_golden.py
"""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from dancers import sine_dancer, wandering_dancer

from danceit_core import STAGE_VERSIONS
from danceit_core.choreography.align import Source, align
from danceit_core.choreography.normalise import whole_body
from danceit_core.choreography.plan import Plan
from danceit_core.config import CleaningSettings, MusicSettings, SpatialSettings, TemporalSettings
from danceit_core.music.analyse import analyse_music
from danceit_core.pose.clean import clean_keypoints
from danceit_core.studio.music import compose_song

FILE = Path(__file__).parent / "golden.json"
FPS = 24.0


def cleaned() -> np.ndarray:
    """A wandering dancer with holes and a spike, cleaned."""
    keypoints = wandering_dancer(96, seed=3)
    keypoints[20:23, 4] = 0
    keypoints[50, 7, 0] += 300
    return clean_keypoints(keypoints, fps=FPS, settings=CleaningSettings()).keypoints


def analysed() -> np.ndarray:
    """MFCC of a composed song, and its beats below them."""
    song = compose_song(tempo_bpm=112, seconds=8, seed=1)
    music = analyse_music(song.samples, sample_rate_hz=44100, fps=FPS, settings=MusicSettings(features="mfcc"))
    return np.concatenate([music.features.ravel(), music.beats.times_s])


def aligned() -> np.ndarray:
    """Two dancers joined and put on beats."""
    dances = {"a": sine_dancer(120), "b": wandering_dancer(120, seed=4)}
    plan = Plan(
        start_frame=np.array([0, 48]),
        frames=np.array([48, 40]),
        fragment_id=np.array(["a:20", "b:10"], object),
        source_video=np.array(["a", "b"], object),
        source_start_frame=np.array([20, 10]),
        rate=np.array([1.0, 1.1]),
        match_distance=np.array([0.5, 0.7]),
    )
    dance = align(
        plan,
        {name: Source(dancer, np.ones(120, bool)) for name, dancer in dances.items()},
        target=whole_body(dances["a"]).scaled(0.5),
        size=(256, 256),
        beats_s=np.arange(0.4, 3.6, 0.55),
        fps=FPS,
        spatial=SpatialSettings(),
        temporal=TemporalSettings(),
    )
    return dance.keypoints


STAGES = {"cleaning": cleaned, "music": analysed, "alignment": aligned}


def fingerprint(values: np.ndarray) -> dict[str, float]:
    """Numbers that any change of the result moves, insensitive to the last digits of another machine."""
    flat = values.ravel().astype(np.float64)
    weights = np.cos(np.arange(len(flat)))
    return {"size": len(flat), "mean": flat.mean(), "deviation": flat.std(), "weighted": (flat * weights).mean()}


@pytest.mark.parametrize("stage", STAGES)
def test_a_changed_result_has_a_new_version(stage):
    golden = json.loads(FILE.read_text())[stage]
    assert golden["version"] == STAGE_VERSIONS[stage], "the version was bumped: write the golden numbers anew"
    found = fingerprint(STAGES[stage]())
    assert found == pytest.approx({k: v for k, v in golden.items() if k != "version"}, rel=1e-4, abs=1e-4), (
        f"the result of {stage} changed: bump its version in danceit_core/versions.py"
    )


if __name__ == "__main__":
    entries = {stage: {"version": STAGE_VERSIONS[stage], **fingerprint(make())} for stage, make in STAGES.items()}
    FILE.write_text(json.dumps(entries, indent=2) + "\n")
