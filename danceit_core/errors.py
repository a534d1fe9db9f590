"""Every error that danceit_core raises on purpose.

    DanceItError
    ├── ConfigError        a key or value of config.yaml or of a table
    ├── DeviceError        a GPU that a cluster promised and a rule does not find
    ├── AssetError         weights or meshes that cannot be fetched or fail their checksum
    │   └── RegistryError  a package registry that cannot be asked
    ├── MediaError         a video or sound file that cannot be read or written
    │   └── NoSoundError   a video without any sound, which a dance may be
    ├── PoseError          keypoints that are missing, malformed or not those of one person
    ├── MusicError         sound without beats, too short, at a wrong rate
    ├── DatabaseError      fragment tables: empty, of another version, of other lengths
    ├── MatcherError       matcher training, checkpoints, embeddings
    ├── ChoreographyError  retrieval, normalisation, spatial and temporal alignment
    ├── ImaginationError   GAN training, checkpoints, rendering
    ├── StudyError         the user study: clips that are missing, votes that cannot be kept
    └── ServerError        a local web server: a port in use, a run, an edit or an upload that it cannot take

A message is one line: what is wrong, where (file or key), the limit, and what to do about it.
"""


class DanceItError(Exception):
    """Base of all errors that a user can cause and mend."""


class ConfigError(DanceItError):
    """A key or value of the configuration or of a table."""


class DeviceError(DanceItError):
    """A GPU that must be there and is not."""


class AssetError(DanceItError):
    """Downloaded data (pose weights, body mesh) that is missing or damaged."""


class RegistryError(AssetError):
    """A package registry that cannot be asked for data."""


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
