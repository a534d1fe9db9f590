"""Statistics of choreographers' dances: movements on bar lines, lengths in beats, recurring movements.

    python benchmarks/choreographers.py ballroom

The folder holds an .npz per dance with borders_s (start of each movement, seconds), movements (their names), durations
(in beats), beats_s of the song; the name begins with the kind: C cha-cha, R rumba, T tango, W waltz. Bars are assumed
where most movements begin (`evaluation.choreographers`); those of a waltz have three beats, others four. The last lines
of the output are the constants of that module.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from danceit_core.evaluation.choreographers import annotated_scores
from danceit_core.evaluation.form import LONGEST, length_shares, lengths_apart

FPS = 24.0
KINDS = {"C": ("cha-cha", 4), "R": ("rumba", 4), "T": ("tango", 4), "W": ("waltz", 3)}


def shares_of(lengths: list[float]) -> dict[int, float]:
    """Shares of whole lengths from 1 to LONGEST, and one for all longer ones."""
    found = length_shares(lengths)
    return {beats: round(float(found[beats - 1]), 3) for beats in range(1, LONGEST + 2) if found[beats - 1] > 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of the dances")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    lengths: dict[int, list[float]] = defaultdict(list)
    halves: dict[int, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for number, path in enumerate(sorted(args.folder.glob("*.npz"))):
        kind, meter = KINDS[path.stem[0]]
        with np.load(path) as dance:
            starts, names, beats = dance["borders_s"], dance["movements"].tolist(), dance["beats_s"]
            # The last movement is cut off by the end of the song.
            own = dance["durations"][:-1].astype(float).tolist()
        rng = np.random.default_rng(args.seed)
        rows[kind].append(annotated_scores(starts, names, beats, meter=meter, fps=FPS, rng=rng))
        lengths[meter] += own
        halves[meter][number % 2].extend(own)
    print("| kind | dances | movements begin on bars | any beats, best phase | danced before |\n" + "|---" * 5 + "|")
    rows["all"] = [row for found in list(rows.values()) for row in found]
    for kind, found in rows.items():
        means = [np.mean([row[key] for row in found]) for key in ("starts_on_bars", "beats_on_bars", "danced_before")]
        print(f"| {kind} | {len(found)} | " + " | ".join(f"{100 * mean:.0f} %" for mean in means) + " |")
        if kind == "all":
            keys = ("starts_on_bars", "beats_on_bars", "danced_before")
            print(f"\nREAL_FORM = {dict(zip(keys, (round(float(mean), 3) for mean in means), strict=True))}")
    real = {meter: shares_of(found) for meter, found in lengths.items()}
    print(f"REAL_LENGTHS = {real}")
    one, two = ({meter: pair[side] for meter, pair in halves.items()} for side in (0, 1))
    apart = lengths_apart(one, {meter: shares_of(found) for meter, found in two.items()})
    print(f"\ndistance between the lengths of every second dance and those of the others: {apart:.2f}")


if __name__ == "__main__":
    main()
