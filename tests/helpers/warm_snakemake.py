"""A process that has imported Snakemake and forks for each run, as a program: the imports take longer than most plans.

It reads a line of JSON a run (arguments, folder, and the files of the two outputs) and answers with the exit status.
The library is not imported here: each run takes it from beside its own Snakefile.
"""

import json
import os
import signal
import sys

# This file's folder: the helpers of the tests are nothing that a workflow can import.
del sys.path[0]

import jsonschema  # noqa: F401
import snakemake.api
import snakemake.workflow
from snakemake.cli import main

# On a machine that does much else besides, a run of the whole chain takes its time.
LONGEST_S = 1200


def run(arguments: list[str], folder: str, stdout: str, stderr: str) -> None:
    """What `python -m snakemake ARGUMENTS` does in a folder."""
    os.chdir(folder)
    for number, path in ((1, stdout), (2, stderr)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.alarm(LONGEST_S)
    sys.argv = [snakemake.__file__, *arguments]
    main()


for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        run(**asked)
        sys.exit("snakemake came back without an exit status")
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
