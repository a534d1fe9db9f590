"""The weights of the networks that hear bars: fetched once, checked when read, done without where missing."""

import hashlib
import subprocess
import zipfile

import pytest

from danceit_core.errors import AssetError, RegistryError
from danceit_core.music import weights
from danceit_core.music.weights import fetch_beat_networks, fetch_beat_networks_or_none, read_beat_networks


def no_registry(command, **_):
    return subprocess.CompletedProcess(command, 1, "", "ERROR: no route to the registry\n")


def test_three_members_are_kept_and_not_fetched_again(beat_networks, monkeypatch):
    monkeypatch.setattr(subprocess, "run", no_registry)
    assert fetch_beat_networks(beat_networks.parent) == beat_networks
    with zipfile.ZipFile(beat_networks) as archive:
        assert archive.namelist() == [f"model_{number}_weights.pt" for number in (1, 2, 3)]
    files = read_beat_networks(beat_networks)
    assert {name: hashlib.sha256(content).hexdigest() for name, content in files.items()} == weights.BEATS_SHA256


def test_without_a_registry_an_empty_file_stands_for_none(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(subprocess, "run", no_registry)
    with pytest.raises(RegistryError, match=r"could not fetch BeatNet==1\.1\.3 \(ERROR: no route to the registry\)"):
        fetch_beat_networks(tmp_path)
    path = fetch_beat_networks_or_none(tmp_path)
    assert path.stat().st_size == 0
    assert read_beat_networks(path) is None
    (record,) = caplog.records
    assert "the beat networks are missing" in record.getMessage()


def test_weights_that_are_missing_are_none_and_damaged_ones_one_line(beat_networks, tmp_path):
    assert read_beat_networks(None) is None
    assert read_beat_networks(tmp_path / "none.zip") is None
    path = tmp_path / "beat_networks.zip"
    content = bytearray(beat_networks.read_bytes())
    for damaged in (bytes(content[:-1000]), b"no zip", bytes(content[:5000]) + b"?" + bytes(content[5001:])):
        path.write_bytes(damaged)
        with pytest.raises(
            AssetError, match=r"beat_networks\.zip is damaged .*delete it and run again, or `make assets`"
        ):
            read_beat_networks(path)


def test_another_release_is_refused(tmp_path, monkeypatch):
    def pack(requirement, members):
        return dict.fromkeys(members, b"other weights")

    monkeypatch.setattr(weights, "fetch_members", pack)
    with pytest.raises(AssetError, match=r"model_1_weights\.pt of BeatNet==1\.1\.3 has SHA-256"):
        fetch_beat_networks_or_none(tmp_path)
    assert not list(tmp_path.iterdir())
