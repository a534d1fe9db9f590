from danceit_core.database.statistics import read_statistics
from danceit_core.evaluation.closing import summary_html
from danceit_core.evaluation.summary import read_benchmarks, read_scores, summary_page
from danceit_core.files import write_text
from danceit_core.run import stage

with stage(snakemake):
    given, params = snakemake.input, snakemake.params
    scores, times = read_scores(given.scores), read_benchmarks(params.benchmarks)
    scores |= {"identity": read_scores(given.faces)} if given.faces else {}
    about = {"video": given.video, "dances": read_statistics(given.statistics), "benchmarks": times}
    write_text(snakemake.output.text, summary_page(scores, sheet=given.sheet, statistics=given.statistics, **about))
    write_text(snakemake.output.page, summary_html(scores, kind=params.beat_kind, **about))
