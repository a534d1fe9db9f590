"""The precision in which a device computes convolutions."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch


@contextlib.contextmanager
def half_precision(device: torch.device) -> Iterator[None]:
    """bfloat16 for convolutions if the hardware supports it (about twice as fast on such a CPU), else float32."""
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported()
    else:
        # An older PyTorch does not tell what the CPU has.
        capabilities: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        able = any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=able):
        yield
