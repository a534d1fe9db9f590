"""The picture of the pipeline is what the workflow's rules say."""

import dataclasses
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))
import pipeline_stages  # noqa: E402
from draw_pipeline import PICTURE, ask_workflow, draw_picture, edges_of  # noqa: E402
from pipeline_stages import GIVEN, STAGES, read_workflow, stage_edges  # noqa: E402

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def workflow():
    return read_workflow(ask_workflow())


def test_the_picture_is_that_of_the_workflow(workflow):
    assert draw_picture(stage_edges(workflow)) == PICTURE.read_text(encoding="utf-8"), "run: make pipeline"


def test_rules_files_and_edges_are_read(workflow):
    assert workflow.files["render_video"] == {"videos/{person}/{song}.mp4", "videos/{person}/{song}.pixels.parquet"}
    assert ("align_poses", "render_video") in workflow.edges
    assert ("render_video", "align_poses") not in workflow.edges


def test_a_rule_without_a_box_is_an_error(workflow, monkeypatch):
    monkeypatch.setattr(pipeline_stages, "BESIDE", pipeline_stages.BESIDE - {"link_video"})
    with pytest.raises(ValueError, match=r"\['link_video'\]; correct STAGES or BESIDE"):
        stage_edges(workflow)


def test_a_file_that_no_rule_writes_is_an_error(workflow, monkeypatch):
    wrong = dataclasses.replace(STAGES["video"], files={"videos/{song}.mp4": ""})
    monkeypatch.setitem(pipeline_stages.STAGES, "video", wrong)
    with pytest.raises(ValueError, match=r"Video writes \['videos/\{song\}.mp4'\]"):
        stage_edges(workflow)


def test_an_edge_that_the_workflow_lacks_is_an_error(workflow, monkeypatch):
    monkeypatch.setattr(pipeline_stages, "ALWAYS", {("training", "music")})
    with pytest.raises(ValueError, match="training"):
        stage_edges(workflow)


def test_boxes_lie_apart_and_text_lies_in_boxes(workflow):
    boxes = [edges_of(box) for box in (*STAGES.values(), *GIVEN)]
    for number, (left, top, right, bottom) in enumerate(boxes):
        for left_2, top_2, right_2, bottom_2 in boxes[:number]:
            assert right < left_2 or right_2 < left or bottom < top_2 or bottom_2 < top
    for text in ElementTree.fromstring(PICTURE.read_text(encoding="utf-8")).iter("{http://www.w3.org/2000/svg}text"):
        x, y, kind = float(text.get("x")), float(text.get("y")), text.get("class")
        if kind == "file":
            inside = [box for box in boxes if box[0] < x < box[2] and box[1] < y < box[3] - 3]
            assert len(inside) == 1, text.text
            assert x + len(text.text) * 13 * 0.602 < inside[0][2], text.text
