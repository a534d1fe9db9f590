"""Fixtures that several tests share."""

from pathlib import Path

import pytest

from danceit_core.assets import fetch_body_mesh, fetch_pose_weights

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def pose_weights():
    """The folder with BlazePose's weights; fetched once, then kept in the checkout (ignored by git)."""
    return fetch_pose_weights(ROOT / "resources" / "blazepose")


@pytest.fixture(scope="session")
def body_mesh():
    """The file of the studio dancers' mesh; fetched once, then kept in the checkout (ignored by git)."""
    return fetch_body_mesh(ROOT / "resources")
