"""Seams joined by using the sources' movement beyond the fragments' ends. Not in the paper.

A clip is (context + frames + context, 25, 3): its frames of the song and, on both sides, what its source shows
before and after (or a continuation that dies out). Absent joints are NaN.
"""

from collections.abc import Sequence

import numpy as np

from danceit_core.choreography.curve import Array


def cut(clips: Sequence[Array], *, context: int) -> Array:
    """Clips end to end without their context (T, 25, 3): the hard cut."""
    return np.concatenate([clip[context : len(clip) - context] for clip in clips])


def crossfade(clips: Sequence[Array], *, context: int, half_width: int) -> Array:
    """Blend each clip into the next over +-half_width frames round their seam, (T, 25, 3).

    A clip's weight is its own quintic smoothstep minus the next one's: twice differentiable, at least 0, with a sum of
    1 for any lengths of clips. A joint is present where the clips that show it have at least half of the weight.
    """
    half = min(half_width, context)
    lengths = [len(clip) - 2 * context for clip in clips]
    starts = np.cumsum([0, *lengths])
    song = int(starts[-1])
    if not half:
        return cut(clips, context=context)
    total, weight, confidence = np.zeros((song, 25, 2)), np.zeros((song, 25)), np.zeros((song, 25))
    for index, clip in enumerate(clips):
        first, stop = max(0, int(starts[index]) - half), min(song, int(starts[index + 1]) + half)
        frames = np.arange(first, stop)
        rise = _smoothstep((frames - starts[index]) / half) if index else np.ones(len(frames))
        fall = _smoothstep((frames - starts[index + 1]) / half) if index + 1 < len(clips) else 0.0
        offset = context - int(starts[index])
        own = clip[first + offset : stop + offset]
        share = np.where(np.isnan(own[..., 0]), 0.0, (rise - fall)[:, None])  # (frames, 25)
        total[first:stop] += share[..., None] * np.nan_to_num(own[..., :2])
        confidence[first:stop] += share * own[..., 2]
        weight[first:stop] += share
    seen = weight >= 0.5
    divisor = np.where(seen, weight, 1.0)
    xy = np.where(seen[..., None], total / divisor[..., None], np.nan)
    return np.concatenate([xy, np.where(seen, confidence / divisor, 0.0)[..., None]], -1)


def inertialize(clips: Sequence[Array], *, context: int, half_width: int) -> Array:
    """Let the jump in pose and velocity at each seam decay over half_width frames, half of it on either side.

    Needs only two frames of context, for sources without further frames. Returns (T, 25, 3).
    """
    out = [clip[context : len(clip) - context].copy() for clip in clips]
    for before, after, left, right in zip(clips, clips[1:], out, out[1:], strict=False):
        end = len(before) - context
        jump = before[end - 1 : end + 2, :, :2] - after[context - 1 : context + 2, :, :2]  # (3, 25, 2) round the seam
        jump = np.nan_to_num(jump)
        velocity = (jump[2] - jump[0]) / 2
        ahead, back = min(half_width, len(right)), min(half_width, len(left))
        right[:ahead, :, :2] += 0.5 * _decay(jump[1], velocity, half_width)[:ahead]
        left[len(left) - back :, :, :2] -= 0.5 * _decay(jump[1], -velocity, half_width)[1 : back + 1][::-1]
    return np.concatenate(out)


def _smoothstep(t: Array) -> Array:
    """0 below -1, 1 above 1, with two vanishing derivatives at both."""
    u = np.clip((t + 1) / 2, 0, 1)
    return u**3 * (10 - 15 * u + 6 * u * u)


def _decay(jump: Array, velocity: Array, frames: int) -> Array:
    """Quintic (frames + 1, ...) from `jump` with `velocity` per frame to rest at 0, no acceleration at either end."""
    if not frames:
        return np.zeros((1, *jump.shape))
    t = np.linspace(0, 1, frames + 1).reshape(-1, *[1] * jump.ndim)
    speed = velocity * frames
    return (
        jump
        + speed * t
        - (10 * jump + 6 * speed) * t**3
        + (15 * jump + 8 * speed) * t**4
        - (6 * jump + 3 * speed) * t**5
    )
