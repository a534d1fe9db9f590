"""Finished generators as safetensors: what is written comes back, in the same bytes; what is no such file is named."""

import json
from dataclasses import asdict

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tiny_gans import CPU, SETTINGS, VIEW, face_gan, pose_gan

from danceit_core.errors import ImaginationError
from danceit_core.imagination.networks.checkpoint import (
    load_face_gan,
    load_pose_gan,
    save_face_gan,
    save_pose_gan,
)


def assert_same_weights(a, b):
    assert a.state_dict().keys() == b.state_dict().keys()
    assert all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


@pytest.mark.parametrize("plate", [True, False])
def test_a_pose_gan_comes_back_as_it_was(tmp_path, plate):
    gan, path = pose_gan(plate), tmp_path / "gan.safetensors"
    save_pose_gan(path, gan)
    back = load_pose_gan(path, device=CPU)
    assert_same_weights(gan.generator, back.generator)
    assert (back.settings, back.view, back.body_px) == (SETTINGS, VIEW, 17.25)
    assert back.view.size == (64, 48)
    assert isinstance(back.view.size, tuple)
    assert back.plate is None if gan.plate is None else (back.plate == gan.plate).all()
    assert not back.generator.training


def test_a_face_gan_comes_back_as_it_was(tmp_path):
    gan, path = face_gan(), tmp_path / "face.safetensors"
    save_face_gan(path, gan)
    back = load_face_gan(path, device=CPU)
    assert_same_weights(gan.generator, back.generator)
    assert (back.settings, back.side) == (gan.settings, 20)


def test_any_program_can_read_the_file(tmp_path):
    gan, path = pose_gan(), tmp_path / "gan.safetensors"
    save_pose_gan(path, gan)
    with safe_open(path, framework="np") as file:
        assert json.loads(file.metadata()["about"])["settings"] == asdict(SETTINGS)
        assert (file.get_tensor("plate") == gan.plate).all()
        assert "generator.back.1.weight" in file.keys()  # noqa: SIM118


def test_the_layout_in_memory_does_not_matter_and_the_bytes_are_the_same(tmp_path):
    gan = pose_gan()
    save_pose_gan(tmp_path / "one", gan)
    gan.generator.to(memory_format=torch.channels_last)
    save_pose_gan(tmp_path / "other", gan)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize(("save", "load"), [(save_pose_gan, load_pose_gan), (save_face_gan, load_face_gan)])
def test_damaged_missing_and_foreign_checkpoints_are_named(tmp_path, save, load):
    path = tmp_path / "broken.safetensors"
    with pytest.raises(ImaginationError, match=r"broken\.safetensors: no such checkpoint"):
        load(path, device=CPU)
    save(path, pose_gan() if save is save_pose_gan else face_gan())
    whole = path.read_bytes()
    for content in (b"", b"nothing of the kind", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(ImaginationError, match=r"broken\.safetensors is no readable danceit .* and train again$"):
            load(path, device=CPU)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(ImaginationError, match=r"broken\.safetensors holds something else, not a danceit"):
        load(path, device=CPU)
    for about, message in (
        ({"kind": "a cat"}, r"holds a cat, not a danceit .*; delete it and train again$"),
        ({"kind": "danceit pose gan", "format": 99}, r"holds danceit pose gan, not|has format 99, this program reads"),
    ):
        save_file({"x": torch.zeros(1)}, path, metadata={"about": json.dumps(about)})
        with pytest.raises(ImaginationError, match=message):
            load(path, device=CPU)


def test_weights_that_do_not_fit_their_settings_are_named(tmp_path):
    path = tmp_path / "gan.safetensors"
    save_pose_gan(path, pose_gan())
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["about"])
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    settings, elsewhere = about["settings"], {name: value for name, value in about.items() if name != "view"}
    for wrong in (
        {**about, "settings": {**settings, "channels": 16}},
        {**about, "settings": {**settings, "colour": 1}},
        elsewhere,
    ):
        save_file(tensors, path, metadata={"about": json.dumps(wrong)})
        with pytest.raises(ImaginationError, match=r"gan\.safetensors is no readable danceit pose gan \("):
            load_pose_gan(path, device=CPU)


def test_a_checkpoint_of_square_pictures_only_is_named_with_the_way_out(tmp_path):
    """As versions before pictures of any shape wrote them: `picture_size`, one number."""
    path = tmp_path / "gan.safetensors"
    save_pose_gan(path, pose_gan())
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["about"])
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    about["view"] = {**about["view"], "picture_size": 64}
    del about["view"]["size"]
    save_file(tensors, path, metadata={"about": json.dumps(about)})
    with pytest.raises(ImaginationError, match=r"gan\.safetensors is no readable danceit .* train again$") as caught:
        load_pose_gan(path, device=CPU)
    assert "\n" not in str(caught.value)
