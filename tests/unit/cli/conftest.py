"""What several tests of the command share."""

from pathlib import Path

import pytest
from own_projects import write_project


@pytest.fixture
def own_project(tmp_path: Path) -> Path:
    """A project of small files: one dance, two songs, two persons."""
    return write_project(tmp_path)
