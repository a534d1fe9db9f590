"""Find the jobs in Snakemake's log that a signal ended: such a job cannot print an error line."""

import re
import signal
from collections.abc import Iterator

CRASHES = ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT")
# Bash reports 128 plus the signal's number when the program it started is killed.
ENDED = re.compile(r"died with <Signals\.(SIG[A-Z]+)|returned non-zero exit status (1[2-5][0-9])\b")
RULE = re.compile(r"^Error in rule (\w+):\n(?:    .*\n)*?    log: (\S+)|^Error in rule (\w+):", re.MULTILINE)


def crash_lines(log: str) -> Iterator[str]:
    """One line for each job that crashed or was killed, with its rule and its log as far as `log` names them."""
    ends = list(ENDED.finditer(log))
    for number, end in enumerate(ends, start=1):
        name = end[1] or _name(int(end[2]) - 128)
        rule = RULE.search(log, end.end(), ends[number].start() if number < len(ends) else len(log))
        job = f"rule {rule[1] or rule[3]}" if rule else "a job"
        if name == "SIGKILL":
            yield (
                f"{job} was killed from outside, usually because memory ran out; let fewer jobs run at once (--cores) "
                "or give it more memory (its mem_mb is shown above); finished results are kept"
            )
        elif name in CRASHES:
            look = f"see {rule[2]}, which ends before that" if rule and rule[2] else "its log ends before that"
            yield (
                f"{job} crashed ({name}) in a native library; {look}. Run again; if it crashes again, convert the file "
                "that it reads, or report it"
            )


def _name(number: int) -> str:
    return signal.Signals(number).name if number in list(signal.Signals) else ""
