"""A song as its page asks for it: before it is analysed and after, its listening copy to the sample, its waveform."""

import io
import time

import av
import numpy as np
import pytest
import soundfile
from asking import ask
from tiny_room import PERSON, SONG, write_project
from tiny_study import SIDE, marked

from danceit_core.cutting_room.server import make_room
from danceit_core.cutting_room.sound import PEAKS_PER_S, make_listening_copy
from danceit_core.errors import MediaError
from danceit_core.media.sound_source import SoundSource, source_of
from danceit_core.media.video import VideoWriter
from danceit_core.music.table import Beats, MusicTable, Section, write_music_table

RATE_HZ, SECONDS = 44_100, 6.0
CLICKS_S = (0.5, 1.25, 3.0, 4.777, 5.9)


def clicks(path) -> None:
    """A sound of clicks, each some periods of 3 kHz."""
    samples = np.zeros(round(SECONDS * RATE_HZ))
    for at_s in CLICKS_S:
        at = round(at_s * RATE_HZ)
        samples[at : at + 60] = 0.8 * np.sin(2 * np.pi * 3000 * np.arange(60) / RATE_HZ)
    soundfile.write(path, np.stack([samples, samples], 1), RATE_HZ)


@pytest.fixture
def place(tmp_path):
    clicks(tmp_path / "song.flac")
    with VideoWriter(tmp_path / "dance.mp4", fps=24, size=(SIDE, SIDE), crf=30) as writer:
        for frame in range(48):
            writer.write(marked(frame, 1))
    dance = tmp_path / "dance.mp4"
    tables = {
        "videos": f"video\tpath\tstyle\ndance_1\t{dance}\tpop\ndance_2\t{dance}\t\n",
        "songs": f"song\tpath\tstart_s\n{SONG}\t{tmp_path / 'song.flac'}\t0.25\n",
        "targets": f"target\tpath\tconsent\n{PERSON}\t{dance}\tyes\n",
    }
    return write_project(tmp_path / "my", tables)


def get(app, address, status=200):
    answer = ask(app, "GET", address)
    assert answer.status == status, answer
    return answer


def test_before_and_after_it_is_analysed(place):
    app = make_room(place, hosts={"localhost"})
    told = get(app, f"/api/songs/{SONG}").json
    assert not told["ready"]
    assert told["duration_s"] == pytest.approx(SECONDS - 0.25, abs=0.01)
    assert told["table"]["start_s"] == "0.25"
    assert told["styles"] == ["pop"]
    assert told["persons"] == [PERSON]
    assert told["beats"]["times_s"] == []
    frames = round(5.75 * 24)
    beats = Beats(np.array([0.25, 0.75, 1.25]), 120.0, "doubtful", np.array([1, 2, 3]), 4)
    music = MusicTable(
        np.zeros((frames, 2), np.float32), np.zeros(frames, np.float32), beats, 24.0, "mfcc", 5.75, silent=False,
        sections=(Section(0.0, 2.0, "A"), Section(2.0, 5.75, "B")),
    )  # fmt: skip
    write_music_table(place.music(SONG), music)
    told = get(app, f"/api/songs/{SONG}").json
    assert told["ready"]
    assert told["fps"] == 24
    assert told["beats"] == {
        "times_s": [0.25, 0.75, 1.25], "place": [1, 2, 3], "meter": 4, "tempo_bpm": 120.0, "doubt": "doubtful"
    }  # fmt: skip
    assert told["sections"][1] == {"start_s": 2.0, "end_s": 5.75, "letter": "B"}
    get(app, "/api/songs/none", 404)
    place.music(SONG).write_bytes(b"broken")
    assert "is not a music table" in get(app, f"/api/songs/{SONG}", 409).text


def test_the_listening_copy_is_the_excerpt_to_the_millisecond(place):
    app = make_room(place, hosts={"localhost"})
    assert get(app, f"/songs/{SONG}/sound.m4a", 202).json == {"share": 0.0}
    end = time.monotonic() + 120
    while (answer := ask(app, "GET", f"/songs/{SONG}/sound.m4a")).status == 202 and time.monotonic() < end:
        time.sleep(0.1)
    assert answer.headers["content-type"] == "audio/mp4"
    with av.open(io.BytesIO(answer.body)) as container:
        parts = list(container.decode(audio=0))
    # FFmpeg leaves out what the edit list leaves out; the first frame's time says where it begins.
    heard = np.concatenate([part.to_ndarray()[0] for part in parts])
    first_s, rate_hz = float(parts[0].pts * parts[0].time_base), parts[0].sample_rate
    loud = np.flatnonzero(np.abs(heard) > 0.25) / rate_hz + first_s
    starts = loud[np.diff(loud, prepend=-1) > 0.1]
    np.testing.assert_allclose(starts, np.array(CLICKS_S) - 0.25, atol=1e-3)
    peaks = get(app, f"/songs/{SONG}/peaks")
    assert peaks.headers["x-peaks-per-s"] == str(PEAKS_PER_S)
    drawn = np.frombuffer(peaks.body, np.uint8)
    assert len(drawn) == round(5.75 * PEAKS_PER_S)
    np.testing.assert_array_equal(np.flatnonzero(drawn > 100), [25, 100, 275, 452, 565])
    # A later state of the song is another copy, and the old one goes.
    songs = place.tables["songs"]
    songs.write_text(songs.read_text().replace("0.25", "0.5"))
    get(app, f"/songs/{SONG}/peaks", 202)
    while (answer := ask(app, "GET", f"/songs/{SONG}/peaks")).status == 202 and time.monotonic() < end:
        time.sleep(0.1)
    assert len(answer.body) == round(5.5 * PEAKS_PER_S)
    assert len(list((place.results / "cutting_room" / "sound" / SONG).iterdir())) == 1
    # And back again.
    songs.write_text(songs.read_text().replace("0.5", "0.25"))
    get(app, f"/songs/{SONG}/peaks", 202)
    while (answer := ask(app, "GET", f"/songs/{SONG}/peaks")).status == 202 and time.monotonic() < end:
        time.sleep(0.1)
    assert len(answer.body) == round(5.75 * PEAKS_PER_S)
    get(app, "/songs/none/sound.m4a", 404)


def test_a_song_that_cannot_be_read_is_one_line(place, tmp_path):
    app = make_room(place, hosts={"localhost"})
    (tmp_path / "song.flac").write_bytes(b"no sound" * 100)
    end = time.monotonic() + 120
    while (answer := ask(app, "GET", f"/songs/{SONG}/peaks")).status == 202 and time.monotonic() < end:
        time.sleep(0.1)
    assert answer.status == 409
    assert "song.flac" in answer.text
    assert "\n" not in answer.text
    with pytest.raises(MediaError):
        make_listening_copy(SoundSource(tmp_path / "song.flac"), tmp_path / "copy", progress=lambda share: None)
    assert list((tmp_path / "copy").iterdir()) == []


def test_progress_is_told_and_loud_sound_is_limited(tmp_path):
    samples = np.sin(2 * np.pi * 440 * np.arange(5 * RATE_HZ) / RATE_HZ)
    soundfile.write(tmp_path / "loud.wav", 1.8 * samples, RATE_HZ, subtype="FLOAT")
    shares = []
    source = source_of(tmp_path / "loud.wav", {"end_s": "4.5"})
    make_listening_copy(source, tmp_path / "copy", progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) == 5
    peaks = np.frombuffer((tmp_path / "copy" / "peaks.u8").read_bytes(), np.uint8)
    assert len(peaks) == 450
    assert peaks[10:100].min() == 255
    assert peaks[-1] < 20  # it fades out where it was cut
    with av.open(str(tmp_path / "copy" / "sound.m4a")) as container:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert 0.8 < np.abs(heard).max() < 1.1
