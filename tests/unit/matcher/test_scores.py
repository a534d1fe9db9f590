import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from danceit_core.matcher.scores import (
    apart,
    balanced_accuracy,
    best_threshold,
    match_ranks,
    pair_distances,
    recall_at,
    roc_auc,
)


def test_distances():
    np.testing.assert_allclose(pair_distances([[0, 0], [1, 1]], [[3, 4], [1, 1]]), [5, 0], atol=1e-12)


def test_auc_by_hand_with_a_tie():
    # pairs (near, far): 1<2, 1<3, 2=2, 2<3 -> 3.5 of 4
    assert roc_auc(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == pytest.approx(3.5 / 4, abs=1e-12)
    assert roc_auc(np.array([9.0]), np.array([1.0])) == 0


def test_auc_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    matching, others = rng.integers(0, 50, 300) / 10, rng.integers(5, 60, 200) / 10
    labels, distances = np.repeat([1, 0], [300, 200]), np.concatenate([matching, others])
    assert roc_auc(matching, others) == pytest.approx(roc_auc_score(labels, -distances), abs=1e-12)


def test_accuracy_and_the_best_threshold():
    matching, others = np.array([0.2, 0.4, 1.5]), np.array([0.9, 2.0, 3.0, 4.0])
    assert balanced_accuracy(matching, others, threshold=1.0) == pytest.approx((2 / 3 + 3 / 4) / 2)
    threshold = best_threshold(matching, others)
    assert balanced_accuracy(matching, others, threshold=threshold) == pytest.approx((1 + 3 / 4) / 2)
    assert 1.5 < threshold <= 2.0


def test_best_threshold_where_all_match_nothing():
    assert (
        balanced_accuracy(np.array([2.0]), np.array([1.0]), threshold=best_threshold(np.array([2.0]), np.array([1.0])))
        == 0.5
    )


def test_ranks_count_ties_against_us():
    poses = np.array([[0.0], [1.0], [5.0]])
    assert match_ranks(poses, np.array([[0.1], [0.9], [4.0]])).tolist() == [1, 1, 1]
    assert match_ranks(poses, np.array([[5.0], [5.0], [5.0]])).tolist() == [3, 2, 1]
    assert match_ranks(np.zeros((4, 2)), np.zeros((4, 2))).tolist() == [4, 4, 4, 4]  # a collapsed matcher scores last


def test_what_is_no_wrong_answer_does_not_count_in_a_rank():
    poses = np.array([[0.0], [0.1], [5.0]])
    ignored = np.zeros((3, 3), bool)
    ignored[0, 1] = ignored[1, 0] = True
    assert match_ranks(poses, np.array([[0.2], [0.0], [0.0]])).tolist() == [2, 2, 3]
    assert match_ranks(poses, np.array([[0.2], [0.0], [0.0]]), ignored=ignored).tolist() == [1, 1, 3]


def test_recall():
    assert recall_at(np.array([1, 3, 7, 11]), 5) == 0.5


def test_nothing_to_score_is_nan():
    none = np.zeros(0)
    assert np.isnan([roc_auc(none, none), balanced_accuracy(none, none, threshold=1), best_threshold(none, none)]).all()
    assert np.isnan(recall_at(np.zeros(0, int), 1))
    assert match_ranks(np.zeros((0, 2)), np.zeros((0, 2))).shape == (0,)


def test_random_embeddings_score_at_chance():
    rng = np.random.default_rng(0)
    poses, sounds = rng.standard_normal((2, 1000, 16))
    ranks = match_ranks(poses, sounds)
    assert recall_at(ranks, 100) == pytest.approx(0.1, abs=0.03)
    matching, others = pair_distances(poses, sounds), pair_distances(poses, sounds[::-1])
    assert roc_auc(matching, others) == pytest.approx(0.5, abs=0.03)


def test_apart_keeps_what_does_not_overlap():
    keep = apart(["a", "a", "a", "b", "a"], [0, 0.5, 2.0, 0.5, 3.9], seconds=2.0)
    assert keep.tolist() == [True, False, True, True, False]
