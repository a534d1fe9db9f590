"""What Snakemake's log says of jobs that a signal ended: such a job has no last word of its own."""

import re
import signal
from collections.abc import Iterator

CRASHES = ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT")
# Bash gives 128 and the signal's number where it outlives the program.
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
                f"{job} was killed from outside, mostly for want of memory; let fewer jobs run at once (--cores), or "
                "give it more (its mem_mb stands above); what was finished stays"
            )
        elif name in CRASHES:
            look = f"see {rule[2]}, which ends before that" if rule and rule[2] else "its log ends before that"
            yield (
                f"{job} crashed ({name}) in a library that is not Python; {look}. Run again; if it crashes once more, "
                "convert the file that it reads, or report it"
            )


def _name(number: int) -> str:
    return signal.Signals(number).name if number in list(signal.Signals) else ""
