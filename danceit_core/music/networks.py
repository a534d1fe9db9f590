"""Detect beats and downbeats with three small networks (Heydari, Cwitkowitz, Duan 2021, section 2.1).

Only the weights are BeatNet's (`weights`); the features and the network are a new implementation. A network is causal:
50 frames per second, the log-spectrum of each and its rise -> a convolution over the bands -> two LSTM layers -> beat
that is not a downbeat, downbeat, neither. It starts from a state of zeros: warmed up with the song's opening, it would
expect the count to continue and lose the first beat. The mean of the three networks is used.

Frame k is centred on k / 50 s. Spectra are those of 64 ms at 22,050 Hz, for which the networks were trained; sound of
another rate is cut into windows of the same length, and so has the same bins, as far as they extend.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from danceit_core.music.columns import Features
from danceit_core.music.sound import Sound, cut_windows

FPS = 50
RATE_HZ, WINDOW = 22050, 1411
BANDS_PER_OCTAVE, LOWEST_HZ, HIGHEST_HZ, REFERENCE_HZ = 24, 30.0, 17000.0, 440.0
BANDS, HIDDEN = 136, 150
# Frames that are averaged for analyses over longer times than beats: 12.5 per second.
POOLED = 4

State = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Heard:
    """active (T, 2): probability of a beat that is not a downbeat and of a downbeat at k / FPS s; bands
    (T / POOLED, 136): log-spectrum, the mean of POOLED frames each."""

    active: NDArray[np.float64]
    bands: Features


class BeatNetwork(nn.Module):
    """(T, 272) features to (T, 3) probabilities of beat (no downbeat), downbeat, neither."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, 2, 10)
        places = (2 * BANDS - 10 + 1) // 2
        self.linear0 = nn.Linear(2 * places, HIDDEN)
        self.lstm = nn.LSTM(HIDDEN, HIDDEN, num_layers=2, batch_first=True)
        self.linear = nn.Linear(HIDDEN, 3)

    def forward(self, features: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run on the next features. state: the one returned by the previous call; None at the beginning."""
        # (T, 272) -> (T, 1, 272) -> (T, 2, 263) -> (T, 2, 131)
        pooled = nn.functional.max_pool1d(torch.relu(self.conv1(features[:, None])), 2)
        # (T, 2, 131) -> (1, T, 262) -> (1, T, 150)
        heard, state = self.lstm(self.linear0(pooled.flatten(1))[None], state)
        return self.linear(heard[0]).softmax(dim=1), state


def load_networks(files: Mapping[str, bytes]) -> list[BeatNetwork]:
    """The networks of checked files (`weights.read_beat_networks`), read as data."""
    networks = []
    for content in files.values():
        network = BeatNetwork()
        network.load_state_dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
        networks.append(network.eval())
    return networks


@torch.inference_mode()
def listen(samples: Sound, networks: Sequence[BeatNetwork], *, sample_rate_hz: int) -> Heard:
    """The networks' output for (N,) samples, processed piece by piece with the state carried over."""
    frames = -(-len(samples) * FPS // sample_rate_hz)
    states: list[State | None] = [None] * len(networks)
    active = np.zeros((frames, 2))
    bands = np.zeros((-(-frames // POOLED), BANDS), np.float32)
    for rows, piece in _features(samples, sample_rate_hz=sample_rate_hz, frames=frames):
        for number, network in enumerate(networks):
            answer, states[number] = network(torch.from_numpy(piece), states[number])
            active[rows] += answer[:, :2].double().numpy() / len(networks)
        np.add.at(bands, np.arange(rows.start, rows.stop) // POOLED, piece[:, :BANDS])
    bands /= np.minimum(POOLED, frames - POOLED * np.arange(len(bands)))[:, None]
    return Heard(active, bands)


def filter_bank() -> Features:
    """Triangles that sum to 1, centred on quarter tones, on the bins of the spectrum: (705, 136).

    Where quarter tones are nearer than bins, they share a bin and have only one triangle.
    """
    bins_hz = np.arange(WINDOW // 2) * RATE_HZ / (WINDOW // 2 * 2)  # as if the window were one sample shorter
    low, high = (BANDS_PER_OCTAVE * np.log2(limit / REFERENCE_HZ) for limit in (LOWEST_HZ, HIGHEST_HZ))
    centres_hz = REFERENCE_HZ * 2 ** (np.arange(np.ceil(low), np.floor(high) + 1) / BANDS_PER_OCTAVE)
    right = np.searchsorted(bins_hz, centres_hz).clip(1, len(bins_hz) - 1)
    nearest = np.unique(right - (centres_hz - bins_hz[right - 1] < bins_hz[right] - centres_hz))
    bank = np.zeros((len(bins_hz), len(nearest) - 2), np.float32)
    for band, (start, middle, end) in enumerate(zip(nearest, nearest[1:], nearest[2:], strict=False)):
        peak, stop = (middle, end) if end - start >= 2 else (start, start + 1)
        k = np.arange(start, stop)
        triangle = np.where(k < peak, (k - start) / max(peak - start, 1), (stop - k) / (stop - peak))
        bank[start:stop, band] = (triangle / triangle.sum()).astype(np.float32)
    return bank


def _features(samples: Sound, *, sample_rate_hz: int, frames: int) -> Iterator[tuple[slice, Features]]:
    """Chunks of (rows, (n, 272)): log10(1 + magnitude of each band), and its rise since the previous frame."""
    bank = filter_bank()
    window = round(WINDOW * sample_rate_hz / RATE_HZ)
    taper = np.hanning(window).astype(np.float32) * np.float32(RATE_HZ / sample_rate_hz)
    last: Features | None = None
    shift_s = -(window // 2) / sample_rate_hz
    for rows, windows in cut_windows(samples, sample_rate_hz, FPS, frames, window, shift_s=shift_s):
        spectrum = np.abs(np.fft.rfft(windows * taper, axis=1)[:, : min(window // 2, len(bank))])
        bands = np.log10(spectrum.astype(np.float32) @ bank[: spectrum.shape[1]] + 1)
        rises = np.diff(bands, axis=0, prepend=bands[:1] if last is None else last)
        last = bands[-1:]
        yield rows, np.concatenate([bands, np.maximum(rises, 0)], axis=1)
