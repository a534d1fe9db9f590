"""DanceIt: from dance videos, a song and a video of a person to that person dancing to that song."""

from danceit_core.versions import STAGE_VERSIONS

__version__ = "0.2.0"
__all__ = ["STAGE_VERSIONS", "__version__"]
