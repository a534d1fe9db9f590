"""Files of torch.save: the same content is the same bytes, whoever writes it to whatever name."""

import torch

from danceit_core.plain_torch import read_plain, write_plain


def test_the_same_content_is_the_same_bytes(tmp_path):
    content = {"weights": torch.arange(6.0).reshape(2, 3), "epoch": 3, "names": ["a", "b"]}
    for name in ("one.pt", "another.pt"):
        write_plain(tmp_path / name, content)
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "another.pt").read_bytes()
    assert torch.equal(read_plain(tmp_path / "one.pt")["weights"], content["weights"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another.pt", "one.pt"]
