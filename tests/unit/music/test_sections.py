"""Sections of made-up bars and of a composed song whose parts come back."""

import numpy as np
import pytest

from danceit_core.music.sections import find_sections

FPS, BAR_S = 12.5, 2.0
KINDS = dict(zip("abc", np.random.default_rng(0).standard_normal((3, 136)), strict=True))


def song_of(kinds: str, *, bars_each: int = 8, noise: float = 0.3) -> np.ndarray:
    """(T, 136) log-spectra of parts of as many bars, each kind with its own, and noise."""
    rows = np.concatenate([np.tile(KINDS[kind], (round(bars_each * BAR_S * FPS), 1)) for kind in kinds])
    return (rows + noise * np.random.default_rng(1).standard_normal(rows.shape)).astype(np.float32)


def sections_of(bands: np.ndarray, *, meter: int = 4, first_s: float = 0.0):
    duration_s = len(bands) / FPS
    downbeats_s = np.arange(first_s, duration_s - BAR_S / 2, BAR_S)
    return find_sections(bands, fps=FPS, downbeats_s=downbeats_s, meter=meter, duration_s=duration_s)


@pytest.mark.parametrize(("kinds", "letters"), [("abab", "ABAB"), ("abcab", "ABCAB"), ("baab", "ABA")])
@pytest.mark.parametrize("meter", [3, 4])
def test_parts_that_come_back_share_a_letter(kinds, letters, meter):
    """Two parts of one kind on end are one section."""
    found = sections_of(song_of(kinds), meter=meter)
    assert "".join(part.letter for part in found) == letters
    borders = [8 * BAR_S * k for k in range(1, len(kinds)) if kinds[k] != kinds[k - 1]]
    assert [part.start_s for part in found] == [0, *borders]


def test_sections_cover_the_whole_sound_and_follow_each_other():
    found = sections_of(song_of("abc"), first_s=0.7)
    assert found[0].start_s == 0
    assert found[-1].end_s == 48
    assert [part.end_s for part in found[:-1]] == [part.start_s for part in found[1:]]


def test_few_bars_are_one_section_and_none_have_none():
    bands = song_of("ab", bars_each=3)
    assert [(part.start_s, part.end_s, part.letter) for part in sections_of(bands)] == [(0, 12, "A")]
    assert find_sections(bands, fps=FPS, downbeats_s=np.zeros(0), meter=0, duration_s=12.0) == ()
    assert sections_of(np.zeros((200, 136), np.float32)) != ()
