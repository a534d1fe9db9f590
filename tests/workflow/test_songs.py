"""What the table says of a song, through snakemake: an excerpt is the song, a changed cell re-runs that song only."""

from pathlib import Path

import numpy as np
import pytest
from dancers import sine_dancer
from snakemake_runs import TRACKER, config, error_of, planned, snakemake

from danceit_core.media.audio import stream_sound
from danceit_core.media.video import decode_frames
from danceit_core.music.table import read_music_table
from danceit_core.pose.table import write_pose_table

pytestmark = pytest.mark.workflow
RULES = ("--allowed-rules", "analyse_song", "preview_poses")
SETTINGS = ("video={size: 64}", TRACKER)
COLUMNS = ("song", "path", "start_s", "end_s", "beats")


def tell(own: dict[str, str], **songs: tuple[str, str, str]) -> None:
    """A table of songs, all of one file: start_s, end_s and beats of each."""
    path = Path(own["songs"]).with_name("song.flac")
    rows = ["\t".join([name, str(path), *cells]) for name, cells in songs.items()]
    Path(own["songs"]).write_text("\n".join(["\t".join(COLUMNS), *rows]) + "\n")


def test_an_excerpt_is_the_song_and_a_change_runs_its_own_jobs_again(own, tmp_path):
    beats = tmp_path / "tango.txt"
    beats.write_text("0.75\t0.75\t1\n1.5\t1.5\t2\n2.25\t2.25\t1\n")
    for song, frames in {"tango": 48, "rumba": 72}.items():
        path = tmp_path / "results" / "poses" / "person" / f"{song}.parquet"
        write_pose_table(path, sine_dancer(frames), fps=24, size=(512, 512))
    videos = [f"{own['results']}/preview/person/{song}.mp4" for song in ("tango", "rumba")]

    def run(*more: str):
        return snakemake(*more, "--cores", "1", *RULES, *config(own, *SETTINGS), "--", *videos)

    tell(own, tango=("0.5", "2.5", str(beats)), rumba=("", "", ""))
    first = run()
    assert first.returncode == 0, first.stdout + first.stderr
    music = read_music_table(tmp_path / "results" / "music" / "tango.parquet")
    assert (music.duration_s, len(music), music.beats.place.tolist()) == (2.0, 48, [1, 2, 1])
    np.testing.assert_allclose(music.beats.times_s, [0.25, 1.0, 1.75])
    assert sum(1 for _ in decode_frames(videos[0], fps=24, size=None)) == 48
    heard = np.concatenate(list(stream_sound(videos[0], sample_rate_hz=48000)), axis=1)[0]
    assert len(heard) == 96000
    # The song's clicks at 1 and 1.5 s.
    for at_s in (0.5, 1.0):
        near = np.abs(heard[round((at_s - 0.1) * 48000) : round((at_s + 0.1) * 48000)])
        assert near.argmax() / 48000 == pytest.approx(0.1, abs=0.002)
    # Another excerpt, other beats: that song alone.
    tell(own, tango=("0.25", "2.25", str(beats)), rumba=("", "", ""))
    assert planned(run("-n")) == {"analyse_song": 1, "preview_poses": 1}
    tell(own, tango=("0.5", "2.5", str(beats)), rumba=("", "", ""))
    beats.write_text("0.75\n1.5\n2.25\n")
    assert planned(run("-n")) == {"analyse_song": 1, "preview_poses": 1}


def test_an_excerpt_that_the_file_does_not_have_is_one_line(own):
    tell(own, tango=("2", "9", ""))
    table = f"{own['results']}/music/tango.parquet"
    line = error_of(snakemake("--cores", "1", *RULES, *config(own, *SETTINGS), "--", table))
    assert "song.flac lasts 3.00 s, but column end_s of songs.tsv is 9; choose a part inside it" in line
    assert not Path(table).exists()
