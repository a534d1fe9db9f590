"""A workflow of two short rules, run by the real Snakemake: what the cutting room starts, follows, cancels, takes up.

`preview` writes a line into RESULTS/begun each time that it begins, waits ten times for as long as the file `wait` says
at that moment, with a line of progress in its log each time, and fails where the song is called `bad`. `draft` needs a preview.
"""

import shutil
from pathlib import Path

import yaml

from danceit_core.place import Place, open_place

ROOT = Path(__file__).parents[2]
SNAKEFILE = """
configfile: "config/config.yaml"

wildcard_constraints:
    song="[^/.]+"

rule all:
    input: config["results"] + "/preview/ann/one.mp4"

rule preview:
    output: config["results"] + "/preview/{person}/{song}.mp4"
    log: config["results"] + "/logs/preview/{person}/{song}.log"
    benchmark: config["results"] + "/benchmarks/preview/{person}/{song}.tsv"
    params: begun=config["results"] + "/begun"
    shell:
        '''
        echo {wildcards.song} >> {params.begun}
        for n in 1 2 3 4 5 6 7 8 9 10; do
            echo "preview: $n of 10" >> {log}; sleep $(cat wait)
        done
        if [ {wildcards.song} = bad ]; then echo "error: this song has no beat; choose another" >> {log}; exit 1; fi
        echo made > {output}
        '''

rule draft:
    input: config["results"] + "/preview/{person}/{song}.mp4"
    output: config["results"] + "/draft/{person}/{song}.mp4"
    log: config["results"] + "/logs/draft/{person}/{song}.log"
    shell: "cp {input} {output}"
"""


def make_workflow(folder: Path, *, wait_s: float = 0.3, songs: tuple[str, ...] = ("one", "two", "bad")) -> Place:
    """The workflow in `folder`/engine and a project of some songs and one person, ann, in `folder`/my."""
    engine, project = folder / "engine", folder / "my"
    (engine / "workflow").mkdir(parents=True)
    (engine / "config").mkdir()
    project.mkdir()
    (engine / "workflow" / "Snakefile").write_text(SNAKEFILE)
    shutil.copytree(ROOT / "workflow" / "profiles", engine / "workflow" / "profiles")
    (engine / "workflow" / "schemas").symlink_to(ROOT / "workflow" / "schemas")
    (engine / "config" / "config.yaml").write_text("seed: 0\n")
    (engine / "wait").write_text(str(wait_s / 10))
    (project / "file").write_text("-")
    tables = {
        "videos": f"video\tpath\ndance\t{project}/file\n",
        "songs": "song\tpath\n" + "".join(f"{song}\t{project}/file\n" for song in songs),
        "targets": f"target\tpath\tconsent\nann\t{project}/file\tyes\n",
        "edits": "song\tstart_s\tend_s\taction\tvalue\n",
    }
    for name, text in tables.items():
        (project / f"{name}.tsv").write_text(text)
    paths = {name: str(project / f"{name}.tsv") for name in tables}
    (project / "config.yaml").write_text(yaml.safe_dump({**paths, "results": str(project / "results")}))
    return open_place(project, workflow=engine)
