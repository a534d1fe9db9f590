import numpy as np
import pytest

from danceit_core.errors import MusicError
from danceit_core.music.beat_files import read_beats, read_sections, write_beats, write_sections
from danceit_core.music.table import Beats, Section


def beats_of(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "song.beats"
    path.write_bytes(text.encode(encoding))
    return read_beats(path)


def test_what_is_written_is_read(tmp_path):
    beats = Beats(np.array([0.25, 0.75, 1.25, 1.75, 2.3]), 120.0, place=np.array([3, 1, 2, 3, 1]), meter=3)
    write_beats(tmp_path / "a.beats", beats)
    assert (tmp_path / "a.beats").read_text().splitlines()[:2] == ["0.250000\t3", "0.750000\t1"]
    back = read_beats(tmp_path / "a.beats")
    np.testing.assert_array_equal(back.times_s, beats.times_s)
    np.testing.assert_array_equal(back.place, beats.place)
    assert (back.tempo_bpm, back.meter, back.doubt) == (pytest.approx(120.0), 3, "")
    assert [file.name for file in tmp_path.iterdir()] == ["a.beats"]


def test_unknown_places_have_no_second_column_and_no_beats_no_line(tmp_path):
    write_beats(tmp_path / "a.beats", Beats(np.array([0.5, 1.0]), 120.0))
    assert (tmp_path / "a.beats").read_text() == "0.500000\n1.000000\n"
    assert read_beats(tmp_path / "a.beats").place.tolist() == [0, 0]
    write_beats(tmp_path / "b.beats", Beats(np.zeros(0), 0.0))
    assert (tmp_path / "b.beats").read_text() == ""


@pytest.mark.parametrize(
    "text",
    [
        "# by hand\n0.5\t1\n\n1.0\t2\n1.5\t1\n",
        "0.5, 1\n1.0,2\n1.5;1\n",
        " 0.5   1\r\n1.0 2\r\n1.5 1.0",
        "0,5\t1\n1,0\t2\n1,5\t1\n,\n",
        "\ufeff0.5 1\n1.0 2\n1.5 1\n",
        "0.500000\t0.500000\t1\n\\\t100.0\t200.0\n1.000000\t1.000000\t2\n1.500000\t1.600000\t1\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_separators_comments_and_label_tracks(tmp_path, text, encoding):
    beats = beats_of(tmp_path, text if encoding == "utf-8" else text.removeprefix("\ufeff"), encoding)
    np.testing.assert_array_equal(beats.times_s, [0.5, 1.0, 1.5])
    assert (beats.place.tolist(), beats.meter) == ([1, 2, 1], 2)


@pytest.mark.parametrize(
    ("labels", "place", "meter"),
    [
        (["verse", "", "x", ""], [0, 0, 0, 0], 0),
        (["17", "18", "19", "20"], [0, 0, 0, 0], 0),  # numbers of beats, not of beats in bars
        (["1", "1", "1", "1"], [0, 0, 0, 0], 0),  # of beats, all marked alike
        (["", "1", "", "", "1", ""], [3, 1, 2, 3, 1, 2], 3),  # only the downbeats are marked
        (["4", "1", "2", "3"], [4, 1, 2, 3], 4),
    ],
)
def test_labels_tell_the_beat_in_the_bar_where_they_can(tmp_path, labels, place, meter):
    lines = [f"{0.5 * k + 0.25:.6f}\t{0.5 * k + 0.25:.6f}\t{label}" for k, label in enumerate(labels)]
    beats = beats_of(tmp_path, "\n".join(lines))
    assert (beats.place.tolist(), beats.meter) == (place, meter)


def test_the_meter_is_that_of_most_bars(tmp_path):
    place = [1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 1]
    beats = beats_of(tmp_path, "".join(f"{k / 2} {p}\n" for k, p in enumerate(place)))
    assert (beats.place.tolist(), beats.meter) == (place, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.5 1\n0.5 2\n", r"song\.beats line 2: 0\.5 s comes after 0\.5 s, .*sort the lines"),
        ("-0.5 1\n0.5 2\n", r"line 1: -0\.5 s is before the beginning of the song; delete"),
        ("time,beat\n0.5,1\n1,2\n", r"line 1: 'time' is not a number of seconds; write one beat per line.*# begins"),
        ("nan\n0.5\n", r"line 1: 'nan' is not a number"),
        ("0.5 1\n", r"song\.beats has 1 beat; at least 2 are needed: one beat per line"),
        ("", r"has no beats"),
        ("0.5 1\n1.0 3\n", r"line 2: beat 3 of the bar follows beat 1, .*write 2 or 1"),
        ("0.5 1\n1.0 17\n", r"line 2: '17' is not a beat in a bar, 1 \(the downbeat\) to 16"),
        ("0.5 1\n1.0 two\n", r"line 2: 'two' is not a beat in a bar"),
        ("0.5 0.5 1\n1.0 0.9 2\n", r"line 2: an Audacity label needs a start and an end"),
    ],
)
def test_bad_files_are_told_with_line_and_remedy(tmp_path, text, message):
    with pytest.raises(MusicError, match=message) as caught:
        beats_of(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_text(tmp_path):
    with pytest.raises(MusicError, match=r"none\.beats cannot be read .*correct its path"):
        read_beats(tmp_path / "none.beats")
    (tmp_path / "sound.beats").write_bytes(b"OggS\xff\xfe\x80")
    with pytest.raises(MusicError, match="is not UTF-8 text; write one beat per line"):
        read_beats(tmp_path / "sound.beats")
    with (tmp_path / "long.beats").open("wb") as file:
        file.truncate(20_000_000)
    with pytest.raises(MusicError, match="has 20 MB, too much for such a text"):
        read_beats(tmp_path / "long.beats")


def test_sections_are_written_and_read(tmp_path):
    parts = (Section(0.0, 12.345678, "A"), Section(12.345678, 20.0, "B"), Section(20.0, 31.5, "A"))
    write_sections(tmp_path / "a.sections", parts)
    assert (tmp_path / "a.sections").read_text().splitlines()[1] == "12.345678\t20.000000\tB"
    assert read_sections(tmp_path / "a.sections") == parts
    write_sections(tmp_path / "b.sections", ())
    assert read_sections(tmp_path / "b.sections") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 5\n", "line 1: 2 columns instead of 3; write one section per line"),
        ("0 5 A\n6 7 B\n", r"line 2: a section from 6 to 7 s does not follow 5 s; .*correct its times"),
        ("0 0 A\n", "line 1: a section from 0 to 0 s does not follow"),
        ("0 end A\n", "line 1: 'end' is not a number of seconds"),
    ],
)
def test_bad_sections_are_told(tmp_path, text, message):
    (tmp_path / "a.sections").write_text(text)
    with pytest.raises(MusicError, match=message):
        read_sections(tmp_path / "a.sections")
