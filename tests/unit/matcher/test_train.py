import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matched_dances import make_database, matched_pairs

from danceit_core.config import MatcherSettings
from danceit_core.errors import MatcherError
from danceit_core.evaluation.choreography_page import read_history
from danceit_core.evaluation.matching import draw_curves, score_matcher, score_part, write_untrained
from danceit_core.evaluation.summary import read_scores
from danceit_core.matcher.data import make_pairs, measure_features
from danceit_core.matcher.enough import settle_pairs, what_lacks
from danceit_core.matcher.learner import Learner
from danceit_core.matcher.losses import LOSSES
from danceit_core.matcher.model import load_matcher, save_matcher
from danceit_core.matcher.negatives import OtherMoments
from danceit_core.matcher.train import train_matcher

CPU = torch.device("cpu")
torch.set_num_threads(1)  # small batches: more threads wait for each other
QUICK = MatcherSettings(hidden_size=16, epochs=2, batch_size=16)


@pytest.fixture(scope="module")
def trained():
    settings = MatcherSettings(hidden_size=24, epochs=20, batch_size=16, learning_rate=2e-3)
    return train_matcher(matched_pairs(fragments=16), settings=settings, seed=0, device=CPU)


def test_style_of_dance_and_music_is_matched_on_unseen_videos(trained):
    scores = score_matcher(trained.matcher, matched_pairs(fragments=16))
    assert scores["test"]["videos"] == 3
    assert scores["test"]["auc_other_song"] > 0.65
    assert scores["test"]["auc_other_song"] > scores["test"]["auc_delayed"]  # the style is the same all along a song
    assert scores["test"]["recall_at_10"] > scores["test"]["recall_at_10_chance"]
    assert scores["train"]["distance"] < scores["train"]["distance_chance"]


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_falls(loss):
    settings = MatcherSettings(
        hidden_size=16, epochs=8, batch_size=16, loss=loss, margin=2.0, learning_rate=2e-4,
        unit_length=False, canonical_start=False, average_decay=0.0,
    )  # fmt: skip
    history = train_matcher(matched_pairs(videos=6), settings=settings, seed=0, device=CPU).history
    assert history[-1]["train_loss"] < history[0]["train_loss"]


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_state_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = train_matcher(matched_pairs(videos=4), settings=QUICK, seed=1, device=CPU)
    assert torch.equal(torch.random.get_rng_state(), before)
    again = train_matcher(matched_pairs(videos=4), settings=QUICK, seed=1, device=CPU)
    other = train_matcher(matched_pairs(videos=4), settings=QUICK, seed=2, device=CPU)
    weights = [t.checkpoint["pose_encoder"]["fc.weight"] for t in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert first.history == again.history


def test_validation_videos_come_from_many_training_videos_and_never_from_the_test():
    pairs = matched_pairs(videos=16)
    names = {name: set(pairs.video[pairs.part == name].tolist()) for name in ("train", "validation", "test")}
    assert 1 <= len(names["validation"]) <= 4
    assert len(names["train"]) == 12 - len(names["validation"])
    assert names["test"] == {12, 13, 14, 15}
    assert "validation" not in matched_pairs(videos=8).part


def test_training_stops_when_the_validation_loss_no_longer_falls():
    settings = MatcherSettings(hidden_size=8, epochs=40, patience=2, batch_size=16, learning_rate=3e-2)
    steps = []
    pairs = matched_pairs(videos=16, fragments=4)
    trained = train_matcher(
        pairs, settings=settings, seed=0, device=CPU, progress=lambda done, total: steps.append((done, total))
    )
    losses = [row["validation_loss"] for row in trained.history]
    assert len(losses) < 40
    assert trained.checkpoint["epoch"] == int(np.argmin(losses)) + 1 == len(losses) - 2
    assert trained.checkpoint["selected_on"] == "validation"
    assert steps[-1] == (40, 40)


def test_test_videos_and_silent_ones_leave_no_trace():
    settings = QUICK
    plain = make_database(videos=5, silent=("v01",))
    changed = make_database(videos=5, silent=("v01",))
    unseen = changed.table["video"].isin(["v01", "v04"]).to_numpy()
    rows = np.repeat(unseen, 24)
    changed.frames.features[rows] *= 100
    changed.frames.keypoints[rows, :, :2] += 50 * np.random.default_rng(0).random((rows.sum(), 25, 2))
    weights = [
        train_matcher(make_pairs(d), settings=settings, seed=0, device=CPU).checkpoint["audio_encoder"]["fc.weight"]
        for d in (plain, changed)
    ]
    assert torch.equal(*weights)


def test_one_video_trains_against_its_own_other_moments():
    pairs = matched_pairs(videos=1, test_every=2)
    trained = train_matcher(pairs, settings=QUICK, seed=0, device=CPU)
    assert trained.checkpoint["selected_on"] == "last"
    assert "test_loss" not in trained.history[-1]
    scores = score_matcher(trained.matcher, pairs)
    assert "test" not in scores
    assert np.isnan(scores["train"]["auc_other_song"])


def short_dances(videos: int, *, held_out: int, silent=()):
    """Dances of six seconds, fragments of one second every half, the last `held_out` of them in part "test"."""
    database = make_database(videos=videos, fragments=11, silent=silent)
    database.table["start_frame"] //= 2
    names = sorted(set(database.table["video"]))
    database.table["split"] = np.where(database.table["video"].isin(names[videos - held_out :]), "test", "train")
    return make_pairs(database)


def test_two_short_dances_are_both_learnt_from_with_a_warning(caplog):
    pairs = short_dances(2, held_out=1)
    with pytest.raises(MatcherError, match="only one song is left to learn from, and its 6 s are too short"):
        train_matcher(pairs, settings=QUICK, seed=0, device=CPU)
    settled = settle_pairs(pairs, delay_s=3.0)
    assert set(settled.part) == {"train"}
    assert "also learns from the 1 song meant for its scores" in caplog.text
    trained = train_matcher(settled, settings=QUICK, seed=0, device=CPU)
    assert score_matcher(trained.matcher, settled)["train"]["videos"] == 2


def test_dances_are_held_out_wherever_the_others_are_enough(caplog):
    for pairs in (short_dances(3, held_out=1), matched_pairs(videos=12), short_dances(2, held_out=0)):
        assert settle_pairs(pairs, delay_s=3.0) is pairs
        assert what_lacks(pairs, delay_s=3.0) == ""
    assert not caplog.text


@pytest.mark.parametrize(
    ("pairs", "lack"),
    [
        (lambda: matched_pairs(videos=3, silent=("v00", "v01", "v02")), "no dance has sound"),
        (lambda: short_dances(2, held_out=0, silent=("v01",)), "only one song has sound, and its 6 s are too short"),
        (lambda: matched_pairs(videos=1, fragments=1), "only one song has sound, and its 1 s are too short"),
    ],
)
def test_where_nothing_can_be_learnt_is_said_and_the_files_are_there_all_the_same(pairs, lack, tmp_path, caplog):
    made = pairs()
    assert settle_pairs(made, delay_s=3.0) is made
    said = what_lacks(made, delay_s=3.0)
    assert lack in said
    names = {"matcher": "m.pt", "scores": "s.json", "history": "h.jsonl", "curves": "c.png"}
    files = SimpleNamespace(**{key: tmp_path / name for key, name in names.items()})
    write_untrained(said, files)
    assert [said in record.message for record in caplog.records] == [True]
    assert load_matcher(files.matcher, device=CPU) is None
    assert read_scores(files.scores) == {"untrained": said}
    assert read_history(files.history) == []
    assert files.curves.read_bytes()[:4] == b"\x89PNG"


def test_a_saved_matcher_embeds_as_before(trained, tmp_path):
    database = make_database(videos=2)
    save_matcher(tmp_path / "m.pt", trained.checkpoint)
    back = load_matcher(tmp_path / "m.pt", device=CPU, feature_set="mfcc")
    np.testing.assert_array_equal(back.embed_fragments(database), trained.matcher.embed_fragments(database))
    sounds = back.embed_audio(database.features_of(np.arange(20)))
    np.testing.assert_array_equal(sounds, trained.matcher.embed_audio(database.features_of(np.arange(20))))
    assert sounds.shape == (20, 16)
    both = back.embed_pairs(make_pairs(database))
    np.testing.assert_array_equal(both, (back.embed_fragments(database), sounds))
    assert [p.name for p in tmp_path.iterdir()] == ["m.pt"]


def test_an_embedding_does_not_depend_on_what_is_embedded_with_it(trained):
    database = make_database(videos=12, fragments=30)  # more than one batch
    together = trained.matcher.embed_fragments(database)
    alone = trained.matcher.embed_fragments(database.subset(np.array([300])))
    np.testing.assert_allclose(together[300:301], alone, atol=1e-5)
    assert trained.matcher.embed_fragments(database.subset(np.arange(0))).shape == (0, 16)
    assert trained.matcher.embed_audio(np.zeros((0, 24, 4), np.float32)).shape == (0, 16)


def test_wrong_inputs_are_named(trained):
    with pytest.raises(MatcherError, match=r"\(2, 24, 69\); this matcher takes \(windows, frames, 4\).*'mfcc'"):
        trained.matcher.embed_audio(np.zeros((2, 24, 69), np.float32))
    with pytest.raises(MatcherError, match=r"shape \(24, 4\); \(windows, frames, features\) is expected"):
        trained.matcher.embed_audio(np.zeros((24, 4), np.float32))
    with pytest.raises(MatcherError, match=r"\(120, 24, 5\); this matcher takes \(windows, frames, 4\)"):
        trained.matcher.embed_pairs(matched_pairs(width=5))


def test_damaged_and_foreign_checkpoints_are_named(trained, tmp_path):
    path = tmp_path / "m.pt"
    with pytest.raises(MatcherError, match=r"m\.pt: no such matcher"):
        load_matcher(path, device=CPU)
    save_matcher(path, trained.checkpoint)
    with pytest.raises(MatcherError, match=r"m\.pt was trained on music\.features 'mfcc', not 'rich'"):
        load_matcher(path, device=CPU, feature_set="rich")
    whole = path.read_bytes()
    for damaged in (b"", b"hello", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(MatcherError, match=r"m\.pt is not a complete matcher checkpoint"):
            load_matcher(path, device=CPU)
    torch.save({**trained.checkpoint, "version": 99}, path)
    with pytest.raises(MatcherError, match="layout 99, not 2"):
        load_matcher(path, device=CPU)
    torch.save({k: v for k, v in trained.checkpoint.items() if k != "pose_encoder"}, path)
    with pytest.raises(MatcherError, match="pose_encoder"):
        load_matcher(path, device=CPU)


def test_what_cannot_be_trained_is_refused():
    with pytest.raises(MatcherError, match="nothing to learn from: no dance has sound; add dances with sound"):
        train_matcher(matched_pairs(videos=2, silent=("v00", "v01")), settings=QUICK, seed=0, device=CPU)
    with pytest.raises(MatcherError, match=r"only one song has sound, and its 2 s are too short.*7 s are enough"):
        train_matcher(matched_pairs(videos=1, fragments=2), settings=QUICK, seed=0, device=CPU)
    settings = MatcherSettings(hidden_size=8, epochs=3, learning_rate=1e20, loss="distance_label")
    with pytest.raises(MatcherError, match=r"lower matcher\.learning_rate = 1e\+20"):
        train_matcher(matched_pairs(videos=3), settings=settings, seed=0, device=CPU)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("loss", "triplet", "known losses"),
        ("encoder", "transformer", "matcher.encoder is 'transformer'; known encoders: hybrid, paper"),
        ("encoder", "paper", r"matcher\.canonical_start is true, but encoder paper has no statistics"),
        ("epochs", 0, r"matcher\.epochs is 0; it must be 1 or more"),
        ("batch_size", 1, r"matcher\.batch_size is 1; it must be 2 or more"),
        ("dropout", 1.0, r"matcher\.dropout is 1\.0"),
        ("average_decay", 1.0, r"matcher\.average_decay is 1\.0"),
        ("learning_rate", 0.0, r"matcher\.learning_rate is 0\.0"),
    ],
)
def test_settings_out_of_range_are_named(key, value, message):
    with pytest.raises(MatcherError, match=message):
        train_matcher(matched_pairs(videos=2), settings=MatcherSettings(**{key: value}), seed=0, device=CPU)


def test_curves_are_drawn(trained, tmp_path):
    draw_curves(trained.history, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"


def test_scoring_nothing_is_refused(trained):
    pairs = matched_pairs(videos=1)
    none = pairs.only(np.zeros(len(pairs), bool))
    with pytest.raises(MatcherError, match="no fragment with sound to score"):
        score_part(trained.matcher, none, delay_s=3.0, rng=np.random.default_rng(0))


def test_a_training_that_was_killed_goes_on_to_the_same_weights(tmp_path):
    class KilledError(Exception):
        pass

    def kill_after(epochs):
        def progress(done, total):
            if done == epochs:
                raise KilledError

        return progress

    pairs, settings = matched_pairs(videos=16, fragments=4), MatcherSettings(hidden_size=8, epochs=4, batch_size=16)
    whole = train_matcher(pairs, settings=settings, seed=0, device=CPU)
    for epochs in (1, 3):
        state = tmp_path / f"{epochs}.state"
        with pytest.raises(KilledError):
            train_matcher(pairs, settings=settings, seed=0, device=CPU, state=state, progress=kill_after(epochs))
        assert state.exists()
        steps = []
        again = train_matcher(
            pairs,
            settings=settings,
            seed=0,
            device=CPU,
            state=state,
            progress=lambda done, _, to=steps: to.append(done),
        )
        assert steps[0] == epochs + 1
        assert not state.exists()
        assert again.history == whole.history
        for name in ("audio_encoder", "pose_encoder"):
            for key, value in whole.checkpoint[name].items():
                assert torch.equal(value, again.checkpoint[name][key]), (name, key)


def test_the_state_of_another_training_is_not_gone_on_with(tmp_path):
    pairs, steps = matched_pairs(videos=4), []
    state = tmp_path / "state"
    state.write_bytes(b"half a file")

    def stop(done, total):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        train_matcher(pairs, settings=QUICK, seed=1, device=CPU, state=state, progress=stop)
    train_matcher(pairs, settings=QUICK, seed=2, device=CPU, state=state, progress=lambda done, _: steps.append(done))
    assert steps == [1, 2]


def test_frames_in_memory_mapped_or_on_a_device_train_to_the_same_weights(tmp_path):
    database = make_database(videos=6)
    for name in ("keypoints", "features"):
        np.save(tmp_path / f"{name}.npy", getattr(database.frames, name))
    mapped = {name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("keypoints", "features")}
    pairs = make_pairs(database)
    scale, weights = measure_features(pairs), []
    for windows in (pairs.windows, dataclasses.replace(pairs.windows, **mapped), pairs.windows.put(CPU)):
        some = dataclasses.replace(pairs, windows=windows)
        torch.manual_seed(0)
        learner, rng = Learner(QUICK, feature_width=4, device=CPU), np.random.default_rng(0)
        learner.start(some, scale=scale, rng=rng)
        learner.train_epoch(some, OtherMoments(some, delay_s=3.0), scale=scale, rng=rng)
        weights.append(learner.weights()["pose_encoder"]["fc.weight"])
    assert torch.equal(weights[0], weights[1])
    assert torch.equal(weights[0], weights[2])


def test_the_papers_encoders_train_and_are_kept(tmp_path):
    settings = dataclasses.replace(QUICK, encoder="paper", canonical_start=False, unit_length=False, augmentation=0.0)
    database = make_database(videos=6)
    trained = train_matcher(make_pairs(database), settings=settings, seed=0, device=CPU)
    assert trained.history[-1]["train_loss"] < trained.history[0]["train_loss"]
    save_matcher(tmp_path / "m.pt", trained.checkpoint)
    back = load_matcher(tmp_path / "m.pt", device=CPU)
    np.testing.assert_array_equal(back.embed_fragments(database), trained.matcher.embed_fragments(database))


def test_two_dances_to_one_song_are_scored_without_each_other_as_wrong_answers(trained):
    groups = {f"v{number:02d}": f"song{number // 2}" for number in range(12)}
    alone, shared = matched_pairs(fragments=16), matched_pairs(fragments=16, groups=groups)
    assert score_matcher(trained.matcher, alone)["test"]["songs"] == 3
    scores = score_matcher(trained.matcher, shared)["test"]
    assert (scores["videos"], scores["songs"]) == (3, 2)
    # Of 48 fragments, those of the other dance within 3 s are left out: 3 to 5 for each of two dances.
    assert 43 < scores["candidates"] < 46
    assert scores["recall_at_10_chance"] == pytest.approx(10 / scores["candidates"], rel=0.01)


def test_hard_negatives_and_delays_can_be_weighted():
    for changed in ({"hard_negatives": True}, {"delayed_weight": 0.0}, {"canonical_start": False}):
        settings = dataclasses.replace(QUICK, **changed)
        history = train_matcher(matched_pairs(videos=6), settings=settings, seed=0, device=CPU).history
        assert np.isfinite(history[-1]["train_loss"])
