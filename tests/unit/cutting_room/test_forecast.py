"""What a run would do and how long it takes, by a dry run and by what the rules have written."""

import pytest
from tiny_workflow import make_workflow

from danceit_core.cutting_room.forecast import Job, Timings, forecast, mean_seconds, read_jobs, read_seconds, read_took
from danceit_core.errors import ServerError

DRY_RUN = """Building DAG of jobs...
Job stats:
job                  count
-----------------  -------
normalise_video          1
[Mon Nov 30 08:25:56 2026]
rule normalise_video:
    output: r/frames/a.mp4, r/frames/a.json
    log: r/logs/normalise_video/a.log
    jobid: 35
    benchmark: r/benchmarks/normalise_video/a.tsv
    threads: 2
    resources: tmpdir=/tmp, runtime=11, mem_mb=1000
localrule link_draft:
    output: r/draft.mp4
    jobid: 0
    resources: tmpdir=/tmp
Reasons:
    output files have to be generated:
        normalise_video
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def benchmark(seconds):
    return f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t100\n"


def test_jobs_of_a_dry_run():
    assert read_jobs(DRY_RUN.splitlines()) == [
        Job("normalise_video", "r/benchmarks/normalise_video/a.tsv", "r/logs/normalise_video/a.log", 2, 11.0),
        Job("link_draft"),
    ]
    assert read_jobs([]) == []


def test_seconds_from_benchmarks_and_logs(tmp_path):
    folder = tmp_path / "benchmarks"
    assert read_seconds(write(folder / "a" / "one.tsv", benchmark(2.5))) == 2.5
    write(folder / "a" / "p" / "two.tsv", benchmark(3.5))
    write(folder / "b.tsv", benchmark(7))
    for number, text in enumerate(["", "s\n", "s\nNA\n", "t\n3\n"]):
        assert read_seconds(write(folder / "c" / f"{number}.tsv", text)) is None
    assert mean_seconds(folder, "*.tsv", read_seconds) == {"a": 3.0, "b": 7.0}
    assert mean_seconds(tmp_path / "none", "*.tsv", read_seconds) == {}
    assert read_took(write(tmp_path / "a.log", "a: 1 of 2\nINFO: a took 4.2 s\n")) == 4.2
    assert read_took(write(tmp_path / "b.log", "error: no\n")) is None


def test_a_job_s_own_time_counts_before_its_rule_s_and_that_before_a_guess(tmp_path):
    place = make_workflow(tmp_path)
    write(place.results / "benchmarks" / "align_poses" / "p" / "a.tsv", benchmark(10))
    write(place.results / "benchmarks" / "align_poses" / "p" / "b.tsv", benchmark(20))
    own = write(place.results / "logs" / "align_poses" / "p" / "c.log", "INFO: align_poses took 90.0 s\n")
    timings = Timings(place)
    assert timings.of_job(Job("align_poses", log=str(own))) == 90
    assert timings.of_job(Job("align_poses", str(place.results / "benchmarks/align_poses/p/b.tsv"))) == 20
    assert timings.of_job(Job("align_poses")) == timings.of_rule("align_poses") == 15
    # Asked of a queue: 60 minutes and four times what the training takes.
    assert timings.of_job(Job("train_pose_gan", runtime_min=100.0)) > timings.of_rule("link_draft")
    assert timings.of_job(Job("train_pose_gan", runtime_min=460.0)) == pytest.approx(6000)
    assert timings.of_job(Job("unheard_of")) is None


def test_a_real_forecast(tmp_path):
    place = make_workflow(tmp_path)
    targets = [place.draft("ann", "one")]
    found = forecast(place, targets, cores=2)
    assert [(job["rule"], job["count"], job["seconds"]) for job in found["jobs"]] == [
        ("preview", 1, None),
        ("draft", 1, None),
    ]
    assert (found["complete"], found["seconds"]) == (False, 1.0)
    write(place.results / "benchmarks" / "preview" / "ann" / "two.tsv", benchmark(40))
    write(place.results / "logs" / "draft" / "ann" / "two.log", "INFO: draft took 60 s\n")
    assert forecast(place, targets, cores=2) | {"jobs": 0} == {"jobs": 0, "complete": True, "seconds": 60.0}
    for kind in (place.preview, place.draft):
        write(kind("ann", "one"), "made")
    assert forecast(place, targets, cores=2) == {"jobs": [], "seconds": 0.0, "complete": True}
    with pytest.raises(ServerError, match=r"^Snakemake cannot plan this run: [^\n]+$"):
        forecast(place, ["no_such_rule"], cores=2)
