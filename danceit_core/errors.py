"""Every error that danceit_core raises on purpose.

    DanceItError
    ├── ConfigError        a key or value of config.yaml or of a table
    ├── DeviceError        a GPU that a cluster promised but that a rule does not find
    ├── AssetError         weights or meshes that cannot be fetched or fail their checksum
    │   └── RegistryError  a package registry that cannot be reached
    ├── MediaError         a video or sound file that cannot be read or written
    │   └── NoSoundError   a file without any sound (allowed for a dance video)
    ├── PoseError          keypoints that are missing, malformed or not those of one person
    ├── MusicError         sound without beats, too short, or at a wrong rate
    ├── DatabaseError      fragment tables that are empty, of another version or of other lengths
    ├── MatcherError       matcher training, checkpoints, embeddings
    ├── ChoreographyError  retrieval, normalisation, spatial and temporal alignment
    ├── ImaginationError   GAN training, checkpoints, rendering
    ├── StudyError         the user study: missing clips, votes that cannot be saved
    └── ServerError        a local web server: a port in use, a run, edit or upload that it refuses

A message is one line: what is wrong, where (file or key), the limit, and what to do.
"""


class DanceItError(Exception):
    """Base class of all errors that a user can cause and fix."""


class ConfigError(DanceItError):
    """A key or value of the configuration or of a table."""


class DeviceError(DanceItError):
    """A required GPU that is missing."""


class AssetError(DanceItError):
    """Downloaded data (pose weights, body mesh) that is missing or damaged."""


class RegistryError(AssetError):
    """A package registry that cannot be reached."""


class MediaError(DanceItError):
    """A video or sound file that cannot be read or written."""


class NoSoundError(MediaError):
    """A file that has no sound."""


class PoseError(DanceItError):
    """Keypoints that are missing, malformed, or not those of one person."""


class MusicError(DanceItError):
    """Sound that cannot be analysed."""


class DatabaseError(DanceItError):
    """Fragment tables that are empty, of another version or of other lengths."""


class MatcherError(DanceItError):
    """Matcher training, checkpoints or embeddings."""


class ChoreographyError(DanceItError):
    """Retrieval, normalisation, spatial or temporal alignment."""


class ImaginationError(DanceItError):
    """GAN training, checkpoints or rendering."""


class StudyError(DanceItError):
    """The user study: its clips, its votes."""


class ServerError(DanceItError):
    """A local web server, and what it cannot take from a page."""
