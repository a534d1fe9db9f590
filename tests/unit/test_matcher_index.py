import numpy as np
import pytest

from danceit_core.errors import MatcherError
from danceit_core.matcher.index import EXACT, FragmentIndex, read_index, write_index


def some_index(count=50, width=16):
    embeddings = np.random.default_rng(0).standard_normal((count, width)).astype(np.float32)
    return FragmentIndex(np.array([f"v:{i}" for i in range(count)]), embeddings)


def test_search_is_exact_and_euclidean():
    index = some_index()
    queries = np.random.default_rng(1).standard_normal((7, 16)).astype(np.float32)
    distances, rows = index.search(queries, k=5)
    full = np.linalg.norm(queries[:, None] - index.embeddings, axis=-1)
    np.testing.assert_array_equal(rows, np.argsort(full, axis=1)[:, :5])
    np.testing.assert_allclose(distances, np.sort(full, axis=1)[:, :5], rtol=1e-4)


def test_a_fragment_finds_itself():
    index = some_index()
    distances, rows = index.search(index.embeddings, k=1)
    assert rows[:, 0].tolist() == list(range(50))
    np.testing.assert_allclose(distances, 0, atol=1e-3)


def test_more_neighbours_than_fragments_and_no_query():
    index = some_index(count=3)
    distances, rows = index.search(index.embeddings[:2], k=10)
    assert distances.shape == rows.shape == (2, 3)
    assert sorted(rows[0]) == [0, 1, 2]
    assert index.search(np.zeros((0, 16), np.float32), k=2)[0].shape == (0, 2)


def test_what_is_written_is_read(tmp_path):
    index = some_index()
    write_index(tmp_path / "i.parquet", index.embeddings, fragment_ids=list(index.fragment_ids))
    back = read_index(tmp_path / "i.parquet", fragment_ids=list(index.fragment_ids))
    np.testing.assert_array_equal(back.embeddings, index.embeddings)
    assert back.fragment_ids.tolist() == index.fragment_ids.tolist()


def test_errors(tmp_path):
    index = some_index()
    with pytest.raises(MatcherError, match=r"queries have shape \(1, 8\); this index takes \(queries, 16\)"):
        index.search(np.zeros((1, 8), np.float32), k=1)
    with pytest.raises(MatcherError, match="50 embeddings for 2 fragments"):
        write_index(tmp_path / "i.parquet", index.embeddings, fragment_ids=["a", "b"])
    with pytest.raises(MatcherError, match=r"i\.parquet: no such index"):
        read_index(tmp_path / "i.parquet")
    (tmp_path / "i.parquet").write_text("no")
    with pytest.raises(MatcherError, match=r"i\.parquet is not a fragment index"):
        read_index(tmp_path / "i.parquet")
    write_index(tmp_path / "i.parquet", index.embeddings, fragment_ids=list(index.fragment_ids))
    with pytest.raises(MatcherError, match=r"i\.parquet indexes another database \(50 fragments, 1 expected\)"):
        read_index(tmp_path / "i.parquet", fragment_ids=["a"])


def test_a_large_index_finds_nearly_all_and_always_the_same():
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((EXACT + 1, 8)).astype(np.float32)
    index = FragmentIndex(np.arange(len(embeddings)).astype(str), embeddings)
    queries = rng.standard_normal((20, 8)).astype(np.float32)
    distances, rows = index.search(queries, k=10)
    full = ((queries[:, None] - embeddings) ** 2).sum(axis=-1)
    exact = np.argsort(full, axis=1)[:, :10]
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(rows, exact, strict=True)]) > 0.9
    assert (np.diff(distances, axis=1) >= 0).all()
    again = FragmentIndex(index.fragment_ids, embeddings).search(queries, k=10)[1]
    np.testing.assert_array_equal(again, rows)
