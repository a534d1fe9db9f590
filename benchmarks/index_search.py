"""Search among many fragments: time a clip and share of the exact ten nearest that are found.

    python benchmarks/index_search.py --fragments 1000000

Embeddings are drawn around some 2000 centres on the unit sphere, as dances gather in the joint space, and, harder,
evenly over it; queries lie near fragments. Everything is seeded.
"""

import argparse
import time

import faiss
import numpy as np

from danceit_core.matcher.index import FragmentIndex

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fragments", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=16, help="E of the embeddings")
    parser.add_argument("--queries", type=int, default=200)
    given = parser.parse_args()
    faiss.omp_set_num_threads(1)
    rng = np.random.default_rng(0)
    print("| embeddings | fragments | built in s | ms a clip, median | ms, slowest | Recall@10 | ms a clip, exact |")
    print("|---|---|---|---|---|---|---|")
    for kind in ("clustered", "even"):
        embeddings = draw(kind, given.fragments, given.width, rng)
        near = embeddings[rng.integers(given.fragments, size=given.queries)]
        queries = unit(near + SPREAD / 2 * rng.standard_normal(near.shape))
        index = FragmentIndex(np.arange(given.fragments).astype(str), embeddings)
        start = time.perf_counter()
        index.search(queries[:1], k=10)
        built_s = time.perf_counter() - start
        times, found = [], []
        for query in queries:
            start = time.perf_counter()
            found.append(index.search(query[None], k=10)[1][0])
            times.append(1000 * (time.perf_counter() - start))
        flat = faiss.IndexFlatL2(given.width)
        flat.add(embeddings)
        start = time.perf_counter()
        exact = flat.search(queries, 10)[1]
        exact_ms = 1000 * (time.perf_counter() - start) / given.queries
        recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, exact, strict=True)])
        print(
            f"| {kind} | {given.fragments:,} | {built_s:.1f} | {np.median(times):.2f} | {max(times):.2f} | "
            f"{recall:.3f} | {exact_ms:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
