rule train_matcher:
    """Train the matcher: a Bi-LSTM and an ST-GCN that embed a dance and its music close together (paper IV-B)."""
    input:
        **database_files,
        fragments="<results>/database/{seconds}s.parquet",
    output:
        matcher="<results>/matcher/{seconds}s/matcher.pt",
        history="<results>/matcher/{seconds}s/history.jsonl",
        scores="<results>/matcher/{seconds}s/scores.json",
        curves=report(
            "<results>/matcher/{seconds}s/curves.png",
            category="4. Matcher",
            labels={"figure": "losses, fragments of {seconds} s"},
            caption="../report/curves.rst",
        ),
    log:
        "<logs>/train_matcher/{seconds}s.log",
    benchmark:
        "<benchmarks>/train_matcher/{seconds}s.tsv"
    conda:
        "../../environment.yml"
    # One thread for each encoder.
    threads: 2
    resources:
        **needs("train_matcher", "dances"),
        gpu=1,
    params:
        **stage("matcher"),
        seed=config["seed"],
        # Written after each epoch: a training that was killed resumes from there.
        state=lambda w, output: f"{output.matcher}.state",
    script:
        "../scripts/train_matcher.py"


rule index_fragments:
    """Embed each fragment and build the search index, once for all songs."""
    input:
        **database_files,
        fragments="<results>/database/{seconds}s.parquet",
        matcher="<results>/matcher/{seconds}s/matcher.pt",
    output:
        embeddings="<results>/matcher/{seconds}s/embeddings.npy",
        search="<results>/matcher/{seconds}s/index.faiss",
        about="<results>/matcher/{seconds}s/index.json",
    log:
        "<logs>/index_fragments/{seconds}s.log",
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        **needs("index_fragments", "dances"),
        gpu=1,
    params:
        version=version_of("matcher"),
    script:
        "../scripts/index_fragments.py"


use rule index_fragments as index_counts with:
    input:
        **database_files,
        fragments="<results>/database/beats.parquet",
        matcher="<results>/matcher/{seconds}s/matcher.pt",
    output:
        embeddings="<results>/matcher/{seconds}s/beats/embeddings.npy",
        search="<results>/matcher/{seconds}s/beats/index.faiss",
        about="<results>/matcher/{seconds}s/beats/index.json",
    log:
        "<logs>/index_counts/{seconds}s.log",


rule score_setting:
    """Train a matcher with one setting changed, for the sweep, and keep only its scores."""
    input:
        **database_files,
        fragments="<results>/database/{seconds}s.parquet",
    output:
        "<results>/matcher/{seconds}s/sweep/{row}.json",
    log:
        "<logs>/score_setting/{seconds}s/{row}.log",
    wildcard_constraints:
        row="|".join(SWEEP),
    conda:
        "../../environment.yml"
    # Two settings in parallel with one core each are faster than one after the other with two cores.
    threads: 1
    resources:
        **needs("score_setting", "dances"),
        gpu=1,
    params:
        **stage("matcher"),
        seed=config["seed"],
        state=lambda w, output: f"{output[0]}.state",
    script:
        "../scripts/score_setting.py"


rule sweep_matcher:
    """Compare matchers over the paper's sweep of learning rate, dropout and D_f (Table III)."""
    input:
        collect("<results>/matcher/{{seconds}}s/sweep/{row}.json", row=SWEEP),
    output:
        table="<results>/matcher/{seconds}s/sweep.md",
        page=report(
            "<results>/matcher/{seconds}s/sweep.html",
            category="4. Matcher",
            labels={"figure": "the paper's sweep, fragments of {seconds} s"},
            caption="../report/sweep.rst",
        ),
    log:
        "<logs>/sweep_matcher/{seconds}s.log",
    conda:
        "../../environment.yml"
    resources:
        **needs("sweep_matcher"),
    params:
        version=version_of("evaluation"),
    script:
        "../scripts/sweep_matcher.py"
