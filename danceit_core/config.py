"""One frozen dataclass per stage: the only place where defaults live.

The workflow's schema describes the same keys, and `tests/unit/test_config.py` keeps the two in step. Units are in the
names. Lengths in pixels refer to a picture of 512 x 512 and scale with the picture.
"""

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from danceit_core.errors import ConfigError


@dataclass(frozen=True)
class DemoSettings:
    """The rendered studio dancers (not in the paper) that `render_demo` makes.

    size, target_size: longer side of the pictures of the dances and of the target person, pixels; their aspect ratios
    differ.
    """

    folder: str = "data/demo"
    size: int = 512
    target_size: int = 1280
    supersampling: int = 2
    dance_s: float = 24.0
    target_s: float = 44.0
    song_s: float = 18.0


@dataclass(frozen=True)
class VideoSettings:
    """Frame store (paper III-B: 24 fps). size: maximum longer side of the dances' pictures, pixels.

    Targets are stored at the size of the finished video (`RenderingSettings`). cut_threshold: threshold of the camera
    cut detector, 0: no detection. keep_bars: keep constant black bars, which are otherwise cropped.
    """

    fps: float = 24.0
    size: int = 512
    crf: int = 16
    cut_threshold: float = 3.0
    keep_bars: bool = False


@dataclass(frozen=True)
class PoseSettings:
    """Keypoint detection (paper III-A). detector: `blazepose`, `openpose` (a binary) or `opencv` (a Caffe network).

    model: BlazePose's `lite`, `full` or `heavy`. mirror: for whom BlazePose averages its results on a picture and on
    its mirror image, which is more accurate and takes twice the time: `targets`, `all` or `none`. hands, face: for whom
    MediaPipe's networks also find 21 points of each hand and 468 of the face: `none`, `targets` or `all`. openpose:
    path of the binary; prototxt, caffemodel: paths of the network's files.
    """

    detector: str = "blazepose"
    model: str = "full"
    mirror: str = "targets"
    hands: str = "none"
    face: str = "none"
    openpose: str = ""
    prototxt: str = ""
    caffemodel: str = ""
    confidence_floor: float = 0.02

    def looks_twice(self, *, is_target: bool) -> bool:
        """Whether BlazePose averages over each picture and its mirror image, for a target or for a dance."""
        return self.mirror == "all" or (self.mirror == "targets" and is_target)


@dataclass(frozen=True)
class CleaningSettings:
    """Repair and rejection of keypoints (paper III-A). smoothing: `whittaker` or `none`; steps are in torsos per frame.

    several_people: `drop` the frames that show more than one person, `follow` one of them, or follow `each` of them as
    a separate dancer. Detection, too, depends on whether it is `each`.
    """

    several_people: str = "drop"
    repair_swaps: bool = True
    confidence_floor: float = 0.1
    max_gap_s: float = 0.25
    max_step_torsos: float = 0.8
    max_body_step_torsos: float = 0.5
    smoothing: str = "whittaker"
    min_segment_s: float = 1.0


@dataclass(frozen=True)
class FragmentSettings:
    """Fragment database (paper III-A). hop_s 0: fragments do not overlap (the paper).

    unit: what the danced fragments are measured in, `beats` (half a bar, one and two bars of the dance's music) or
    `seconds` (the paper; `retrieval.fragment_s`). hop_s applies to windows in seconds, from which the matcher learns
    with either unit.
    """

    hop_s: float = 0.5
    test_share: float = 0.2
    unit: str = "beats"


@dataclass(frozen=True)
class MusicSettings:
    """Audio features and beats (paper III-A). features: `mfcc` (the paper's 13) or `rich`. beats: found by `networks`,
    which also find bars, or by librosa's `tracker` (the paper)."""

    sample_rate_hz: int = 22050
    features: str = "rich"
    beats: str = "networks"


@dataclass(frozen=True)
class MatcherSettings:
    """Cross-modal matcher (paper IV-B). loss: `paper`, `distance_label`, `hinge` or `infonce`. encoder: `hybrid`, whose
    last layers see plain statistics of the window in addition to the networks' output, or `paper`.

    unit_length: normalise embeddings to the unit sphere. augmentation: strength of the noise and changes in training;
    tempo_spread: range of tempo changes in training, as a share (both 0: the paper). average_decay: decay of the
    running average of the weights. hard_negatives: batches of songs of similar tempo. delayed_weight: weight of the
    delayed negatives in `infonce`. canonical_start: initialise the network where plain statistics of dance and music
    correlate most.
    """

    loss: str = "infonce"
    encoder: str = "hybrid"
    margin: float = 1.0
    embedding_size: int = 16
    hidden_size: int = 100
    dropout: float = 0.1
    learning_rate: float = 1e-3
    batch_size: int = 64
    epochs: int = 60
    patience: int = 15
    delay_s: float = 3.0
    max_shift_s: float = 0.17
    unit_length: bool = True
    weight_decay: float = 0.01
    augmentation: float = 1.0
    tempo_spread: float = 0.1
    average_decay: float = 0.98
    hard_negatives: bool = False
    delayed_weight: float = 1.0
    canonical_start: bool = True


@dataclass(frozen=True)
class RetrievalSettings:
    """Which fragments dance to which part of the song (Eq. 2). variant: `path` or `argmin` (the paper).

    candidates: number per clip that the path may choose from. The weights multiply costs of about 0..1
    (`choreography.costs`); paintable_weight applies to poses unlike those in the targets' videos
    (`choreography.paintable`). no_repeat_s: how long the path avoids repeating the same frames, where the database has
    others. For fragments in beats also: recall, the share (0 to 1) of the phrases of a repeated section that repeat the
    movements of its first occurrence; mirror: movements may be mirrored (left and right exchanged), and every second
    recall is.
    """

    variant: str = "path"
    fragment_s: float = 2.0
    candidates: int = 100
    match_weight: float = 1.0
    seam_weight: float = 1.25
    beat_weight: float = 3.0
    tempo_weight: float = 2.0
    energy_weight: float = 2.0
    calm_weight: float = 0.8
    facing_weight: float = 1.0
    paintable_weight: float = 1.0
    no_repeat_s: float = 8.0
    recall: float = 0.3
    mirror: bool = False


@dataclass(frozen=True)
class SpatialSettings:
    """Seams (Alg. 1). variant: `none`, `linear`, `tsd` (the paper), `crossfade` or `inertialize`.

    `linear` and `tsd`: window (omega_a) and reference (omega_b) in frames; jump_px: the step above which a frame is
    discontinuous, 0 = seams only; period_px: fluctuation threshold. half_width: half-width of the other variants,
    frames. foot_lock: hold planted feet still. own_proportions: each bone gets the target person's length; otherwise
    the whole body is scaled by one factor (the paper).
    """

    variant: str = "crossfade"
    window: int = 8
    reference: int = 24
    jump_px: float = 10.0
    period_px: float = 5.0
    half_width: int = 12
    foot_lock: bool = True
    own_proportions: bool = True


@dataclass(frozen=True)
class TemporalSettings:
    """Beats (Eq. 14-16). variant: `none`, `paper`, `paper_retimed` or `warp`; beat_kind: `min` or `max` (the paper).

    strength: of the warp, 0 (unchanged) to 1 (every beat). The slopes bound its speed in source frames per song frame.
    """

    variant: str = "warp"
    beat_kind: str = "min"
    strength: float = 0.9
    min_slope: float = 0.5
    max_slope: float = 2.0


@dataclass(frozen=True)
class PlateSettings:
    """The background plate: the empty room behind a target person (not in the paper).

    stabilise: where the camera moves, estimate its movement and align the pictures on one plate. even_light: where
    light or exposure change over the video, bring all of it to one exposure.
    """

    stabilise: bool = True
    even_light: bool = True


@dataclass(frozen=True)
class PoseGanSettings:
    """poseGAN (paper IV-D), in the form of pix2pixHD.

    painter: `recall` blends the person's own pixels, carried to the pose, with the network's output; `paint` (the
    paper) takes the network's output alone.
    picture_size: side of the square picture that the paper's network paints; 0: the picture has the shape and size of
    the target video (`RenderingSettings.long_side`). The network sees the person through a window of the picture
    (`crop`), whose longer side is scaled to image_size pixels, and paints over the empty room (`background_plate`);
    without either it paints the whole picture. pose_input: `skeleton` or `heatmaps`. previous_frame: also give the
    network its previous output. kernel: size of the first and last layers, odd. channels: multiples of 8 are fastest on
    a CPU. pose_jitter_px: standard deviation of the noise on the joints in training. checkpoint_every: iterations
    between reviews; checkpoint_minutes: the longest time between saved states. patience: reviews without progress
    (`imagination.training.held_out`) after which training ends, 0: never. perceptual: `efficientnet`
    (EfficientNet-Lite0 compares the pictures) or `none`. perceptual_weights: file of VGG19's weights, used instead.
    discriminator_norm: `instance` (pix2pixHD) or `spectral`. padding: of the generator's convolutions, `zeros` or
    `reflect` (pix2pixHD). feature_weight: weight of the feature loss, a mean over layers and scales.

    The paper's network: picture_size and image_size 512, channels 64, kernel 7, padding reflect, downsamplings 4,
    blocks 9, enhancer_blocks 3, discriminator_channels 64, discriminators 3, crop, background_plate, body_chart false.
    """

    painter: str = "recall"
    picture_size: int = 0
    image_size: int = 256
    crop: bool = True
    pose_input: str = "skeleton"
    previous_frame: bool = False
    channels: int = 24
    kernel: int = 5
    padding: str = "zeros"
    downsamplings: int = 3
    blocks: int = 2
    enhancer_blocks: int = 2
    discriminator_channels: int = 16
    discriminators: int = 2
    iterations: int = 600
    batch_size: int = 2
    learning_rate: float = 4e-4
    feature_weight: float = 10.0
    pixel_weight: float = 20.0
    opacity_weight: float = 0.5
    pose_jitter_px: float = 1.0
    average_decay: float = 0.998
    background_plate: bool = True
    body_chart: bool = True
    holdout_share: float = 0.15
    checkpoint_every: int = 200
    checkpoint_minutes: float = 2.0
    patience: int = 0
    perceptual: str = "none"
    perceptual_weights: str = ""
    perceptual_weight: float = 10.0
    discriminator_norm: str = "instance"


@dataclass(frozen=True)
class FaceGanSettings:
    """FaceGAN (paper IV-D).

    enabled: useful with `pose_gan.painter: paint`; with `recall` the face consists of the person's own pixels, and
    FaceGAN adds nothing. patch_share: side of the patch around the nose as a share of the picture (50 / 512) for a
    person who fills four fifths of it; it scales with the head. average_decay: decay of the running average of the
    generator's weights.
    """

    enabled: bool = False
    patch_share: float = 50 / 512
    channels: int = 32
    iterations: int = 400
    batch_size: int = 8
    learning_rate: float = 2e-4
    feature_weight: float = 10.0
    pixel_weight: float = 20.0
    average_decay: float = 0.99


@dataclass(frozen=True)
class RenderingSettings:
    """The final video (H.264 + AAC).

    long_side: its maximum longer side, pixels; a smaller target video keeps its size. fps: its frame rate. camera: for
    a target whose camera moved, `still` or `follow` (it follows the dancer slowly). preview_s: length of the painted
    preview, seconds.
    """

    long_side: int = 1280
    fps: float = 24.0
    camera: str = "still"
    batch_size: int = 4
    crf: int = 17
    preview_s: float = 6.0


@dataclass(frozen=True)
class GroupSettings:
    """Several persons on one stage. members: IDs of targets, first in front, () for all; spacing: body heights."""

    members: tuple[str, ...] = ()
    spacing: float = 0.55
    mirrored: bool = False


@dataclass(frozen=True)
class EvaluationSettings:
    """Scores of a finished video (paper V) and of the choreography on test music. Tolerances are in frames.

    lengths_s: lengths of the fragments that are compared. grid_s: length of the synthetic beat grids, and of the part
    of each song, that are danced to. identity: also compare the faces in the video with the target person's face.
    """

    tolerances: tuple[int, ...] = (0, 1, 2)
    pck_share: float = 0.1
    identity: bool = False
    lengths_s: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0)
    grid_s: float = 30.0


@dataclass(frozen=True)
class UserStudySettings:
    """Voting on variants of the alignment (paper V-F). variants: of `none`, `linear`, `full` (`user_study.stretches`).

    clips: number of parts of songs, each clip_s seconds long and shown in every variant. pairs: comparisons per voter.
    """

    clips: int = 20
    clip_s: float = 5.0
    variants: tuple[str, ...] = ("none", "linear", "full")
    pairs: int = 12


SECTIONS: dict[str, type] = {
    "demo": DemoSettings,
    "video": VideoSettings,
    "pose": PoseSettings,
    "cleaning": CleaningSettings,
    "fragments": FragmentSettings,
    "music": MusicSettings,
    "matcher": MatcherSettings,
    "retrieval": RetrievalSettings,
    "spatial_alignment": SpatialSettings,
    "temporal_alignment": TemporalSettings,
    "plate": PlateSettings,
    "pose_gan": PoseGanSettings,
    "face_gan": FaceGanSettings,
    "rendering": RenderingSettings,
    "group": GroupSettings,
    "evaluation": EvaluationSettings,
    "user_study": UserStudySettings,
}

Settings = TypeVar("Settings")


def make_settings(kind: type[Settings], values: Mapping[str, Any]) -> Settings:
    """A settings dataclass from a mapping. Raises ConfigError naming an unknown key and its nearest valid name."""
    known = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
            raise ConfigError(f"{kind.__name__} has no key {key!r}; {hint}")
    return kind(**{key: _as_declared(value, known[key].type) for key, value in values.items()})


def _as_declared(value: Any, kind: Any) -> Any:
    """A list as a tuple, and 3.0 as 3 where an integer is declared (the schema accepts 3.0 as an integer)."""
    if isinstance(value, list):
        return tuple(_as_declared(entry, int if kind == tuple[int, ...] else kind) for entry in value)
    return int(value) if kind is int and isinstance(value, float) and value.is_integer() else value
