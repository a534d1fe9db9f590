"""Complexity of a network: the floating point operations of one call, counted without running it.

PyTorch counts them (`torch.utils.flop_counter`): convolutions and matrix products, with a multiplication and an
addition as two operations; normalisation, activations and sums are left out. The inputs are `meta` tensors, so that
only shapes pass through the network.

At 512 x 512 the network of `config/paper.yaml` takes 155.7 G per frame and pix2pixHD as published (transposed kernels
of 3, not 4) 146.3 G. The paper's 373.28 G matches neither of them, nor half or twice of them. The nearest count of a
published network, 373.96 G, is that of pix2pixHD's street scenes, 512 x 1024 with 36 input channels.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def count_flops(network: nn.Module, *inputs: Tensor, **named: Tensor | None) -> int:
    """Operations of `network(*inputs, **named)`; only the shapes of the inputs count, their values are not read."""
    with torch.device("meta"), torch.no_grad():
        weights = {name: torch.empty_like(value, device="meta") for name, value in network.state_dict().items()}
        arguments = tuple(_shape_of(value) for value in inputs)
        options = {name: _shape_of(value) for name, value in named.items()}
        with FlopCounterMode(display=False) as counter:
            torch.func.functional_call(network, weights, arguments, options)
    return counter.get_total_flops()


def _shape_of(value: Any) -> Any:
    return value.to("meta") if isinstance(value, Tensor) else value
