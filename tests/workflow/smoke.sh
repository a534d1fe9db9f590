#!/usr/bin/env bash
# The whole chain at tiny size with the command of the README, in a copy of the repository in a folder of its own.
# usage: tests/workflow/smoke.sh [FOLDER]   (an existing folder is continued, not started anew)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$(mktemp -d)}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
git -C "$root" archive HEAD config danceit_core workflow environment.yml | tar -x -C "$folder"
cd "$folder"

run() { snakemake --configfile config/tiny.yaml --cores 12 --resources gpu=1 -- "$@"; }

run results/video.mp4 results/summary.md results/figures/performer/new_song/{beats.svg,pixels.png} 2>&1 | tee first.log
# A run that made the whole ends with its result in a few lines.
grep -q "^results/video.mp4: " first.log
python "$root/tests/workflow/check_video.py" results
# A path variable that nobody filled in makes a folder of its name.
test ! -e "<results>"
# The user study paints what the other variants need and cuts the same stretches of all.
run results/user_study/study.json
test "$(find results/user_study/clips -name '*.mp4' | wc -l)" = 12
# A second run has nothing to do; after each kind of change exactly what depends on it runs again.
run results/video.mp4 2>&1 | tee second.log
grep -q "Nothing to be done" second.log
TINY_RUN=$folder python -m pytest "$root/tests/workflow/rerun_matrix.py"
# Everything that the report shows, opened in a browser where there is one.
run all
snakemake --configfile config/tiny.yaml --cores 12 --report results/report.html
REPORT=$folder/results/report.html python -m pytest -rs "$root/tests/browser/test_report.py"
# Whole sessions in the cutting room, over a copy of the run.
TINY_RUN=$folder python -m pytest -rs "$root/tests/browser/test_session.py"
echo "the tiny run is complete: $folder/results/video.mp4"
