"""Search among many fragments: time to build and open an index, time per clip, recall of the exact nearest.

    python benchmarks/index_search.py --fragments 720000

Embeddings are drawn around some 2000 centres on the unit sphere, as dances cluster in the joint space, and, which is
harder, evenly over it; queries lie near fragments. Everything has a fixed seed. `cells` is the index that the workflow
builds for this many fragments; `hnsw` is FAISS's graph (16 neighbours per fragment), which the workflow does not use.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np

from danceit_core.matcher.index import make_index

CENTRES, SPREAD = 2000, 0.15


def unit(values: np.ndarray) -> np.ndarray:
    """Rows of length 1, float32."""
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def draw(kind: str, count: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Embeddings (count, width): `clustered` or `even`."""
    noise = rng.standard_normal((count, width))
    if kind == "even":
        return unit(noise)
    centres = unit(rng.standard_normal((CENTRES, width)))
    return unit(centres[rng.integers(CENTRES, size=count)] + SPREAD * noise)


def hnsw(embeddings: np.ndarray, *, search: int) -> faiss.Index:
    """A graph of near neighbours, the same each time; search: number of fragments that a query keeps as candidates."""
    index = faiss.IndexHNSWFlat(embeddings.shape[1], 16)
    index.add(embeddings)
    index.hnsw.efSearch = search
    return index


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fragments", type=int, default=720_000)
    parser.add_argument("--width", type=int, default=16, help="width E of the embeddings")
    parser.add_argument(
        "--queries", type=int, default=90, help="number of queries (default: clips of a song of 3 minutes)"
    )
    parser.add_argument("--count", type=int, default=500, help="nearest fragments per query, as in retrieval")
    parser.add_argument("--kinds", nargs="+", default=["clustered", "even"])
    given = parser.parse_args()
    faiss.omp_set_num_threads(1)
    rng = np.random.default_rng(0)
    print("| embeddings | index | built in s | file MB | opened in ms | ms a query | Recall@10 | Recall@500 |")
    print("|---" * 8 + "|")
    for kind in given.kinds:
        embeddings = draw(kind, given.fragments, given.width, rng)
        near = embeddings[rng.integers(given.fragments, size=given.queries)]
        queries = unit(near + SPREAD / 2 * rng.standard_normal(near.shape))
        start = time.perf_counter()
        exact = faiss.knn(queries, embeddings, given.count)[1]
        exact_ms = 1000 * (time.perf_counter() - start) / given.queries
        print(f"| {kind} | exact | 0 | 0 | 0 | {exact_ms:.1f} | 1 | 1 |", flush=True)
        kinds = {"cells": make_index, "hnsw": lambda values: hnsw(values, search=given.count)}
        for name, make in kinds.items():
            show(kind, name, make, embeddings, queries, exact)


def show(kind: str, name: str, make: Callable, embeddings: np.ndarray, queries: np.ndarray, exact: np.ndarray) -> None:
    """A row of the table: build an index, write it, open it as in the workflow, and search it."""
    start = time.perf_counter()
    built = make(embeddings)
    built_s = time.perf_counter() - start
    with tempfile.NamedTemporaryFile(suffix=".faiss") as file:
        faiss.write_index(built, file.name)
        size_mb = Path(file.name).stat().st_size / 1e6
        start = time.perf_counter()
        index = faiss.read_index(file.name, faiss.IO_FLAG_MMAP)
        opened_ms = 1000 * (time.perf_counter() - start)
        if name == "hnsw":
            index.hnsw.efSearch = exact.shape[1]
        start = time.perf_counter()
        found = index.search(queries, exact.shape[1])[1]
        query_ms = 1000 * (time.perf_counter() - start) / len(queries)
    recalls = [
        np.mean([len({*a[:k]} & {*b[:k]}) / k for a, b in zip(found.tolist(), exact.tolist(), strict=True)])
        for k in (10, exact.shape[1])
    ]
    cells = [f"{built_s:.1f}", f"{size_mb:.0f}", f"{opened_ms:.0f}", f"{query_ms:.1f}", *(f"{r:.3f}" for r in recalls)]
    print(f"| {kind} | {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
