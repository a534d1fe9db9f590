"""What is read from Snakemake's output and from the logs of its jobs."""

import pytest

from danceit_core.cutting_room.progress import BUSY, Output, Tail, own_share

BEGUN = """Building DAG of jobs...
Job stats:
job                count
---------------  -------
normalise_video        2
train_pose_gan         1
total                  3

Select jobs to execute...
[Mon Nov 30 08:27:22 2026]
localrule normalise_video:
    input: a.mp4
    output: results/frames/a.mp4, results/frames/a.json
    log: results/logs/normalise_video/a.log
    jobid: 5
    benchmark: results/benchmarks/normalise_video/a.tsv
    threads: 2
[Mon Nov 30 08:27:23 2026]
rule train_pose_gan:
    log: results/logs/train_pose_gan/p.log
    jobid: 7
"""
FAILED = """Error in rule normalise_video:
    message: None
    jobid: 5
    log: results/logs/normalise_video/a.log (check log file(s) for error details)
Logfile results/logs/normalise_video/a.log:
================================================================================
error: a.mp4 cannot be opened (End of file); is it a video or sound file, copied whole?
================================================================================
Shutting down, this might take some time.
Complete log(s): /w/.snakemake/log/2026.snakemake.log
"""


def fed(*texts: str) -> Output:
    output = Output()
    for text in texts:
        for line in text.splitlines():
            output.feed(line)
    return output


def test_steps_rules_and_jobs():
    output = fed(BEGUN)
    assert (output.done, output.total, output.rule) == (0, 3, "train_pose_gan")
    assert output.steps == {"normalise_video": 2, "train_pose_gan": 1}
    assert {number: job.log for number, job in output.jobs.items()} == {
        "5": "results/logs/normalise_video/a.log",
        "7": "results/logs/train_pose_gan/p.log",
    }
    output.feed("Finished jobid: 7 (Rule: train_pose_gan)")
    output.feed("1 of 3 steps (33%) done")
    assert (output.done, output.rule, output.complete) == (1, "normalise_video", False)


def test_a_share_counts_seconds_not_steps(tmp_path):
    log = tmp_path / "results/logs/train_pose_gan/p.log"
    log.parent.mkdir(parents=True)
    seconds = {"normalise_video": 10.0, "train_pose_gan": 980.0}.__getitem__
    output = fed(BEGUN)
    assert output.share(folder=tmp_path, seconds_of=seconds) == 0
    log.write_text("WARNING: no GPU\ntrain_pose_gan: 250 of 1000\nINFO: loss 3\n")
    assert output.share(folder=tmp_path, seconds_of=seconds) == pytest.approx(0.245)
    output.feed("Finished jobid: 5 (Rule: normalise_video)")
    assert output.share(folder=tmp_path, seconds_of=seconds) == pytest.approx(0.255)
    assert Output().share(folder=tmp_path, seconds_of=seconds) is None


@pytest.mark.parametrize(
    ("text", "share"),
    [("", 0), ("x: 3 of 0\n", 0), ("x: 12 of 10\n", 1), ("x: 1 of 2\nx: 5 of 10 things\n", 0.5), ("\xff" * 5000, 0)],
)
def test_a_log_that_tells_nothing_is_no_progress(tmp_path, text, share):
    (tmp_path / "log").write_text(text)
    assert own_share(tmp_path / "log") == share
    assert own_share(tmp_path / "none") == 0


def test_why_a_run_failed():
    output = fed(BEGUN, FAILED)
    assert output.line == "a.mp4 cannot be opened (End of file); is it a video or sound file, copied whole?"
    assert not output.left_locked
    locked = fed("Building DAG of jobs...\nLockException:\nError: Directory cannot be locked.")
    assert (locked.line, locked.left_locked) == (BUSY, False)
    assert "\n" not in BUSY


def test_what_was_killed_has_left_the_lock_and_what_was_interrupted_did_not_fail():
    assert fed(BEGUN).left_locked
    interrupted = fed(BEGUN, "KeyboardInterrupt\nComplete log(s): x")
    assert interrupted.was_interrupted
    assert not interrupted.left_locked
    assert not fed(BEGUN, FAILED, "KeyboardInterrupt").was_interrupted
    assert fed("Nothing to be done (all requested files are present and up to date).").complete


def test_a_growing_file_is_read_in_whole_lines(tmp_path):
    path = tmp_path / "run.log"
    tail = Tail(path)
    assert tail.lines() == []
    path.write_bytes(b"one\ntw")
    assert tail.lines() == ["one"]
    with path.open("ab") as file:
        file.write(b"o\r\n\xff\n")
    assert tail.lines() == ["two", "\N{REPLACEMENT CHARACTER}"]
    assert tail.lines() == []
