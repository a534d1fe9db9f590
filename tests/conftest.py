"""Fixtures that several tests share."""

from pathlib import Path

import pytest

from danceit_core.assets import fetch_pose_weights

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def pose_weights():
    """The folder with BlazePose's weights; fetched once, then kept in the checkout (ignored by git)."""
    return fetch_pose_weights(ROOT / "resources" / "blazepose")
