"""The embedded database: every fragment's place in the joint space, computed once and searched (paper Eq. 2).

The Parquet file has `fragment_id` and `embedding` (fixed-size list of E float32), in the order of the database. Up to
EXACT fragments search is exact (FAISS, flat); beyond, the fragments are sorted into cells by k-means, and the cells
nearest to a query are searched exactly. Both give the same result for the same index, whatever the machine's load.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from danceit_core.errors import MatcherError
from danceit_core.tables import DAMAGE, list_column, number_of, one_line, read_table, write_table

Embeddings = NDArray[np.float32]
EXACT = 100_000
# Of a large index: cells, those searched a query, and fragments a cell that k-means learns from.
CELLS, SEARCHED, LEARNT = 1024, 32, 64


@dataclass(frozen=True)
class FragmentIndex:
    """Dance embeddings (N, E) by fragment."""

    fragment_ids: NDArray[np.str_]
    embeddings: Embeddings
    _built: list[faiss.Index] = field(default_factory=list, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.embeddings)

    def search(self, queries: Embeddings, *, k: int) -> tuple[Embeddings, NDArray[np.int64]]:
        """The k nearest fragments of each query (Q, E): Euclidean distances and rows, (Q, k), nearest first.

        There are fewer columns where the database has fewer fragments. An index of more than EXACT fragments is
        built at the first search; where k exceeds a tenth of it, search is exact all the same. Raises MatcherError for
        a width other than E.
        """
        queries = np.ascontiguousarray(queries, np.float32)
        width = self.embeddings.shape[1]
        if queries.ndim != 2 or queries.shape[1] != width:
            raise MatcherError(
                f"queries have shape {queries.shape}; this index takes (queries, {width}): use the matcher that made it"
            )
        k = min(k, len(self))
        squared, rows = self._index(exact=len(self) <= EXACT or 10 * k > len(self)).search(queries, k)
        return np.sqrt(np.maximum(squared, 0)), rows.astype(np.int64)

    def _index(self, *, exact: bool) -> faiss.Index:
        """FAISS's index of the embeddings; the one with cells is kept."""
        embeddings = np.ascontiguousarray(self.embeddings, np.float32)
        if exact:
            flat = faiss.IndexFlatL2(embeddings.shape[1])
            flat.add(embeddings)
            return flat
        if not self._built:
            self._built.append(_make_cells(embeddings))
        return self._built[0]


def _make_cells(embeddings: Embeddings) -> faiss.Index:
    """An inverted file over k-means cells, seeded by FAISS and so the same each time."""
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(embeddings.shape[1]), embeddings.shape[1], CELLS)
    index.own_fields = False
    index.cp.max_points_per_centroid = LEARNT
    index.cp.niter = 10
    index.train(embeddings)
    index.add(embeddings)
    index.nprobe = SEARCHED
    return index


def write_index(path: str | Path, embeddings: Embeddings, *, fragment_ids: Sequence[str]) -> None:
    """Write (N, E) embeddings; appears whole or not at all."""
    if len(embeddings) != len(fragment_ids) or not len(embeddings):
        raise MatcherError(
            f"{path}: {len(embeddings)} embeddings for {len(fragment_ids)} fragments; index one database"
        )
    flat = pa.array(np.ascontiguousarray(embeddings, np.float32).reshape(-1))
    columns = {
        "fragment_id": pa.array([str(name) for name in fragment_ids]),
        "embedding": pa.FixedSizeListArray.from_arrays(flat, embeddings.shape[1]),
    }
    write_table(path, pa.table(columns), metadata={"embedding_size": int(embeddings.shape[1])})


def write_no_index(path: str | Path, *, fragment_ids: Sequence[str]) -> None:
    """Write that there is no matcher to embed the fragments: all lie at one place, (N, 1) zeros."""
    write_index(path, np.zeros((len(fragment_ids), 1), np.float32), fragment_ids=fragment_ids)


def read_index(path: str | Path, *, fragment_ids: Sequence[str] | None = None) -> FragmentIndex:
    """Read what `write_index` wrote. Raises MatcherError when it is no index, or not one of the given fragments."""
    try:
        table, about = read_table(path)
        names = np.array(table["fragment_id"].to_pylist(), dtype=str)
        # (N * E,) -> (N, E)
        embeddings = list_column(table, "embedding").reshape(len(names), int(number_of(about, "embedding_size")))
        if not len(names) or not np.isfinite(embeddings).all():
            raise ValueError("it holds no fragment, or numbers that are not finite")
    except FileNotFoundError:
        raise MatcherError(f"{path}: no such index; run index_fragments") from None
    except DAMAGE as error:
        raise MatcherError(f"{path} is not a fragment index ({one_line(error)}); delete it and run again") from error
    if fragment_ids is not None and not np.array_equal(names, np.asarray(fragment_ids, dtype=str)):
        raise MatcherError(
            f"{path} indexes another database ({len(names)} fragments, {len(fragment_ids)} expected); "
            "run index_fragments again"
        )
    return FragmentIndex(names, embeddings)
