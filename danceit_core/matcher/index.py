"""The embedded database: the position of every fragment in the joint space, computed once and searched (paper Eq. 2).

    <results>/matcher/{seconds}s/embeddings.npy    (N, E) float32, in the order of the table of fragments; memory-mapped
    <results>/matcher/{seconds}s/index.faiss       FAISS's index of them; memory-mapped if it is large
    <results>/matcher/{seconds}s/index.json        kind, numbers, recall; written last

The kind of index depends on the number of fragments: up to EXACT, search is exact (`flat`); beyond, the fragments are
sorted into cells by k-means, and the cells nearest to a query are searched exactly (`ivf`). Both are deterministic for
the same index. The share of the truly nearest fragments that `ivf` finds is measured when it is built (`recall`).
`none` means a database without a matcher. The files for fragments in beats are in `beats/`.
"""

import json
import logging
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np
from numpy.typing import NDArray

from danceit_core.database.table import BEATS, Database
from danceit_core.errors import MatcherError
from danceit_core.files import whole_file
from danceit_core.tables import DAMAGE, one_line

if TYPE_CHECKING:
    from danceit_core.matcher.model import Matcher

log = logging.getLogger(__name__)

Embeddings = NDArray[np.float32]
VERSION = 1
EMBEDDINGS, SEARCH, ABOUT = "embeddings.npy", "index.faiss", "index.json"
EXACT = 100_000
# For a large index: number of cells, cells searched per query, and fragments per cell for k-means.
CELLS, SEARCHED, LEARNT = 1024, 128, 64
# Recall is the share of the RECALL_AT nearest fragments that are found, over QUERIES queries.
RECALL_AT, QUERIES = (10, 500), 200
# Fragments whose distances are computed at once.
CHUNK = 1 << 16


@dataclass(frozen=True)
class FragmentIndex:
    """Dance embeddings (N, E) by fragment number. about: content of index.json. search_path: its FAISS file.

    `FragmentIndex.of` makes one in memory, with exact search.
    """

    embeddings: Embeddings
    about: dict[str, Any] = field(default_factory=dict)
    search_path: Path | None = None

    @classmethod
    def of(cls, embeddings: Embeddings) -> "FragmentIndex":
        """An exact index of embeddings in memory."""
        return cls(np.ascontiguousarray(embeddings, np.float32), {"kind": "flat"})

    def __len__(self) -> int:
        return len(self.embeddings)

    def search(self, queries: Embeddings, *, k: int) -> tuple[Embeddings, NDArray[np.int64]]:
        """The k nearest fragments of each query (Q, E): Euclidean distances and numbers, (Q, k), nearest first.

        There are fewer columns if the database has fewer fragments. If k exceeds a tenth of it, search is exact for any
        kind of index. Raises MatcherError for a width other than E.
        """
        queries, k = self._checked(queries), min(k, len(self))
        if self.search_path is None or 10 * k > len(self):
            squared, rows = faiss.knn(queries, np.asarray(self.embeddings), k)
        else:
            squared, rows = self._index.search(queries, k)
        return np.sqrt(np.maximum(squared, 0)), rows.astype(np.int64)

    def distances(self, queries: Embeddings) -> Iterator[tuple[slice, Embeddings]]:
        """Exact distances (Q, n) of all queries (Q, E) to the fragments of each slice, CHUNK at a time."""
        queries = self._checked(queries).astype(np.float64)
        for first in range(0, len(self), CHUNK):
            some = np.asarray(self.embeddings[first : first + CHUNK], np.float64)
            squared = (queries**2).sum(1)[:, None] + (some**2).sum(1) - 2 * queries @ some.T
            yield slice(first, first + len(some)), np.sqrt(np.maximum(squared, 0)).astype(np.float32)

    def all_distances(self, queries: Embeddings) -> Embeddings:
        """Exact distances (Q, N) of all queries (Q, E) to all fragments."""
        whole = np.empty((len(queries), len(self)), np.float32)
        for some, values in self.distances(queries):
            whole[:, some] = values
        return whole

    @cached_property
    def _index(self) -> faiss.Index:
        """FAISS's index, memory-mapped if its kind allows."""
        path, flags = str(self.search_path), faiss.IO_FLAG_MMAP if self.about["kind"] == "ivf" else 0
        try:
            # FAISS trusts the sizes in a file.
            if _checksum(path) != self.about["search_crc32"]:
                raise ValueError("its checksum is wrong")
            index = faiss.read_index(path, flags)
            if (index.ntotal, index.d) != self.embeddings.shape:
                raise ValueError(f"it holds {index.ntotal} embeddings of {index.d} numbers")
        except FileNotFoundError:
            raise _missing(path) from None
        except (RuntimeError, *DAMAGE) as error:
            raise _damaged(path, error) from error
        return index

    def _checked(self, queries: Embeddings) -> Embeddings:
        queries = np.ascontiguousarray(queries, np.float32)
        width = self.embeddings.shape[1]
        if queries.ndim != 2 or queries.shape[1] != width:
            raise MatcherError(
                f"queries have shape {queries.shape}; this index takes (queries, {width}): use the matcher that made it"
            )
        return queries


def index_database(folder: str | Path, database: Database, matcher: "Matcher | None") -> None:
    """Embed all fragments of a database and write their index; without a matcher, write that there is none."""
    if matcher is None:
        write_no_index(folder, database=database)
        return
    heard = np.flatnonzero(database.table["has_sound"].to_numpy(bool))
    some = heard[np.unique(np.linspace(0, len(heard) - 1, QUERIES).astype(int))] if len(heard) else heard
    queries = matcher.embed_sounds(database, some)
    write_index(folder, matcher.embed_fragments(database), database=database, queries=queries)


def write_index(folder: str | Path, embeddings: Embeddings, *, database: Database, queries: Embeddings) -> None:
    """Write the index of all fragments of a database from their embeddings (N, E).

    queries: embeddings (Q, E) of some of their music, to measure recall. Raises MatcherError if the numbers of
    fragments differ or the embeddings are not finite.
    """
    folder, array = Path(folder), np.ascontiguousarray(embeddings, np.float32)
    count = len(array)
    if count != len(database) or not count:
        raise MatcherError(f"{folder}: {count} embeddings for {len(database)} fragments; index a single database")
    if not np.isfinite(array).all():
        raise MatcherError(f"{folder}: the matcher gives embeddings that are not finite; train it again")
    index = make_index(array)
    about = {"kind": "flat" if count <= EXACT else "ivf", "fragments": count, "embedding_size": array.shape[1]}
    about |= {"of": fingerprint(database), "queries": len(queries), "recall": _recall(index, array, queries)}
    log.info("index of %d fragments: %s, recall %s over %d queries of music", count, about["kind"],
             ", ".join(f"@{k} {share:.3f}" for k, share in about["recall"].items()), len(queries))  # fmt: skip
    _write(folder, array, index, about)


def write_no_index(folder: str | Path, *, database: Database) -> None:
    """Record that there is no matcher to embed the fragments of a database."""
    about = {"kind": "none", "fragments": len(database), "of": fingerprint(database)}
    _write(Path(folder), np.zeros((0, 1), np.float32), faiss.IndexFlatL2(1), about)


def read_index(path: str | Path, *, database: Database | None = None) -> FragmentIndex:
    """Open what `write_index` wrote, given its file index.json; only that file is read.

    Raises MatcherError if it is not an index, or belongs to another database. Without a matcher it has no fragments.
    """
    path = Path(path)
    try:
        about = json.loads(path.read_text())
        if about["version"] != VERSION or about["kind"] not in ("flat", "ivf", "none"):
            raise ValueError(f"it has version {about['version']} and kind {about['kind']}")
        file = path.with_name(EMBEDDINGS)
        embeddings = np.load(file, mmap_mode=None if about["kind"] == "none" else "r", allow_pickle=False)
        wanted = (0, 1) if about["kind"] == "none" else (int(about["fragments"]), int(about["embedding_size"]))
        if embeddings.shape != wanted or embeddings.dtype != np.float32:
            raise ValueError(f"{file.name} holds {embeddings.dtype} of shape {embeddings.shape}, not {wanted}")
    except FileNotFoundError as error:
        raise _missing(error.filename or path) from None
    except DAMAGE as error:
        raise _damaged(path, error) from error
    if database is not None and (about.get("fragments"), about.get("of")) != (len(database), fingerprint(database)):
        told = f"{about.get('fragments')} fragments, {len(database)} expected"
        raise MatcherError(f"{path} indexes another database ({told}); run {_rule(path)} again")
    return FragmentIndex(embeddings, about, path.with_name(SEARCH))


def fingerprint(database: Database) -> int:
    """A number that identifies the fragments and dances of a database, and their order."""
    value = zlib.crc32("\n".join(database.frames.dances["dance"].astype(str)).encode())
    for column in (database.starts, database.lengths):
        value = zlib.crc32(np.ascontiguousarray(column).view(np.uint8).data, value)
    return value


def make_index(embeddings: Embeddings) -> faiss.Index:
    """A flat index, or an inverted file over k-means cells, with FAISS's fixed seed and hence reproducible."""
    count, width = embeddings.shape
    index: Any = faiss.IndexFlatL2(width)
    if count > EXACT:
        index = faiss.IndexIVFFlat(index, width, CELLS)
        index.own_fields = False
        index.cp.max_points_per_centroid = LEARNT
        index.cp.niter = 10
        index.train(np.asarray(embeddings))
        index.nprobe = SEARCHED
    for first in range(0, count, CHUNK):
        index.add(np.asarray(embeddings[first : first + CHUNK]))
    return index


def _recall(index: faiss.Index, embeddings: Embeddings, queries: Embeddings) -> dict[str, float]:
    """Share of the nearest fragments of the queries (Q, E) that the index finds, for each of RECALL_AT."""
    most = min(max(RECALL_AT), len(embeddings))
    queries = np.ascontiguousarray(queries, np.float32)
    if not len(queries):
        return {}
    exact, found = faiss.knn(queries, np.asarray(embeddings), most)[1], index.search(queries, most)[1]
    shares = {}
    for k in (min(k, most) for k in RECALL_AT):
        shares[str(k)] = float(np.mean([len({*a[:k]} & {*b[:k]}) / k for a, b in zip(exact, found, strict=True)]))
    return shares


def _write(folder: Path, embeddings: Embeddings, index: faiss.Index, about: dict[str, Any]) -> None:
    """Write the three files, each atomically."""
    with whole_file(folder / EMBEDDINGS) as partial, partial.open("wb") as file:
        np.save(file, embeddings)
    with whole_file(folder / SEARCH) as partial:
        faiss.write_index(index, str(partial))
    about = {"version": VERSION, **about, "search_crc32": _checksum(folder / SEARCH)}
    with whole_file(folder / ABOUT) as partial:
        partial.write_text(json.dumps(about, indent=2) + "\n")


def _checksum(path: str | Path) -> int:
    value = 0
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


def _missing(path: str | Path) -> MatcherError:
    return MatcherError(f"{path}: no such index; run {_rule(path)}")


def _rule(path: str | Path) -> str:
    """The rule that writes an index, for fragments in beats or of one length."""
    return "index_counts" if Path(path).parent.name == BEATS else "index_fragments"


def _damaged(path: str | Path, error: Exception) -> MatcherError:
    return MatcherError(f"{path} is not a fragment index ({one_line(error)}); delete it and run again")
