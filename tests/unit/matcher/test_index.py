"""The index of a database: exact where it is small, measured where it is large, mapped, and refused when damaged."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matched_dances import make_database

from danceit_core.database.table import Database
from danceit_core.errors import MatcherError
from danceit_core.matcher import index as module
from danceit_core.matcher.index import EXACT, FragmentIndex, index_database, read_index, write_index, write_no_index


def some(count=50, width=16, *, seed=0):
    return np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)


@pytest.fixture(scope="module")
def database():
    """50 fragments."""
    return make_database(videos=5)


def rows_only(database, count):
    """As many fragments as are wanted, all beginning in the first frames: what an index needs of a database."""
    return Database(database.frames, pd.DataFrame({"row": np.arange(count) % 64, "frames": 24}), database.metadata)


def exact(queries, embeddings):
    return np.linalg.norm(queries[:, None].astype(float) - embeddings, axis=-1)


def test_search_is_exact_and_euclidean():
    index, queries = FragmentIndex.of(some()), some(7, seed=1)
    distances, rows = index.search(queries, k=5)
    full = exact(queries, index.embeddings)
    np.testing.assert_array_equal(rows, np.argsort(full, axis=1)[:, :5])
    np.testing.assert_allclose(distances, np.sort(full, axis=1)[:, :5], rtol=1e-4)


def test_all_distances_are_exact_whatever_the_chunk(monkeypatch):
    index, queries = FragmentIndex.of(some()), some(7, seed=1)
    monkeypatch.setattr(module, "CHUNK", 16)
    parts = [part for part, _ in index.distances(queries)]
    assert [(part.start, part.stop) for part in parts] == [(0, 16), (16, 32), (32, 48), (48, 50)]
    np.testing.assert_allclose(index.all_distances(queries), exact(queries, index.embeddings), rtol=1e-6)
    np.testing.assert_allclose(index.all_distances(index.embeddings).diagonal(), 0, atol=1e-6)


def test_a_fragment_finds_itself():
    index = FragmentIndex.of(some())
    distances, rows = index.search(index.embeddings, k=1)
    assert rows[:, 0].tolist() == list(range(50))
    np.testing.assert_allclose(distances, 0, atol=1e-3)


def test_more_neighbours_than_fragments_and_no_query():
    index = FragmentIndex.of(some(3))
    distances, rows = index.search(index.embeddings[:2], k=10)
    assert distances.shape == rows.shape == (2, 3)
    assert sorted(rows[0]) == [0, 1, 2]
    assert index.search(np.zeros((0, 16), np.float32), k=2)[0].shape == (0, 2)
    assert index.all_distances(np.zeros((0, 16), np.float32)).shape == (0, 3)


def test_what_is_written_is_mapped(tmp_path, database):
    embeddings, queries = some(), some(7, seed=1)
    write_index(tmp_path, embeddings, database=database, queries=queries)
    index = read_index(tmp_path / "index.json", database=database)
    assert isinstance(index.embeddings, np.memmap)
    np.testing.assert_array_equal(index.embeddings, embeddings)
    assert index.about["kind"] == "flat"
    assert index.about["recall"] == {"10": 1.0, "50": 1.0}
    for k in (5, 50):
        found, wanted = index.search(queries, k=k), FragmentIndex.of(embeddings).search(queries, k=k)
        np.testing.assert_array_equal(found[1], wanted[1])
        np.testing.assert_allclose(found[0], wanted[0], rtol=1e-4)
    # The same again is the same file, so that nothing that reads it runs again.
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_index(tmp_path, embeddings, database=database, queries=queries)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_database_is_indexed_by_a_matcher(tmp_path, database):
    class Halves:
        """Embeds poses and sound by a few of their numbers."""

        def embed_fragments(self, database):
            return database.keypoints_of(np.arange(len(database)))[:, :4, 4, 1]

        def embed_sounds(self, database, fragments):
            return database.features_of(fragments)[:, 0]

    silent = replace(database, table=database.table.assign(has_sound=np.arange(50) % 2 == 0))
    index_database(tmp_path, silent, Halves())
    index = read_index(tmp_path / "index.json", database=database)
    np.testing.assert_array_equal(index.embeddings, database.keypoints_of(np.arange(50))[:, :4, 4, 1])
    assert index.about["queries"] == 25
    index_database(tmp_path / "none", database, None)
    assert len(read_index(tmp_path / "none" / "index.json", database=database)) == 0


def test_without_a_matcher_nothing_is_indexed(tmp_path, database):
    write_no_index(tmp_path, database=database)
    index = read_index(tmp_path / "index.json", database=database)
    assert len(index) == 0
    assert index.about["kind"] == "none"


def test_errors(tmp_path, database):
    about = {"database": database, "queries": some(7, seed=1)}
    with pytest.raises(MatcherError, match=r"queries have shape \(1, 8\); this index takes \(queries, 16\)"):
        FragmentIndex.of(some()).search(np.zeros((1, 8), np.float32), k=1)
    with pytest.raises(MatcherError, match="49 embeddings for 50 fragments"):
        write_index(tmp_path, some(49), **about)
    with pytest.raises(MatcherError, match="embeddings that are not finite; train it again"):
        write_index(tmp_path, np.full((50, 16), np.nan, np.float32), **about)
    assert not list(tmp_path.iterdir())
    with pytest.raises(MatcherError, match=r"index\.json: no such index; run index_fragments"):
        read_index(tmp_path / "index.json")
    write_index(tmp_path, some(), **about)
    with pytest.raises(MatcherError, match=r"index\.json indexes another database \(50 fragments, 10 expected\)"):
        read_index(tmp_path / "index.json", database=make_database(videos=1))
    with pytest.raises(MatcherError, match=r"indexes another database \(50 fragments, 50 expected\)"):
        read_index(tmp_path / "index.json", database=database.subset(np.arange(50)[::-1]))


def spoil_about(folder, **changes):
    path = folder / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "index.json").write_text("no"),
        lambda folder: (folder / "index.json").write_text("[1]"),
        lambda folder: spoil_about(folder, version=0),
        lambda folder: spoil_about(folder, kind="tree"),
        lambda folder: spoil_about(folder, fragments=51),
        lambda folder: (folder / "embeddings.npy").write_bytes(b"no"),
        lambda folder: (folder / "embeddings.npy").unlink(),
        lambda folder: (folder / "index.faiss").write_bytes(b"no"),
        lambda folder: (folder / "index.faiss").unlink(),
    ],
)
def test_a_damaged_index_is_one_line(tmp_path, database, spoil):
    write_index(tmp_path, some(), database=database, queries=some(7, seed=1))
    spoil(tmp_path)
    with pytest.raises(MatcherError, match=r"(is not a fragment index|no such index).*run") as caught:
        read_index(tmp_path / "index.json").search(some(1), k=1)
    assert "\n" not in str(caught.value)


def test_a_large_index_finds_nearly_all_and_always_the_same(tmp_path, database):
    count, queries = EXACT + 1, some(20, 8, seed=2)
    embeddings = some(count, 8)
    write_index(tmp_path, embeddings, database=rows_only(database, count), queries=queries)
    index = read_index(tmp_path / "index.json", database=rows_only(database, count))
    assert index.about["kind"] == "ivf"
    distances, rows = index.search(queries, k=10)
    nearest = np.argsort(exact(queries, embeddings), axis=1)[:, :10]
    found = np.mean([len({*a} & {*b}) / 10 for a, b in zip(rows.tolist(), nearest.tolist(), strict=True)])
    assert found > 0.9
    assert index.about["recall"]["10"] == pytest.approx(found)
    assert 0.5 < index.about["recall"]["500"] <= 1
    assert (np.diff(distances, axis=1) >= 0).all()
    np.testing.assert_array_equal(read_index(tmp_path / "index.json").search(queries, k=10)[1], rows)
    # What is asked for is a large part of it: exact.
    many = index.search(queries[:2], k=count // 5)[1]
    assert {*many[0][:100].tolist()} == {*np.argsort(exact(queries[:1], embeddings)[0])[:100].tolist()}
