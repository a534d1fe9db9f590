"""A TensorFlow Lite network on the LiteRT interpreter (XNNPACK on the CPU)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from danceit_core.assets import check_pose_file
from danceit_core.errors import AssetError
from danceit_core.media.letterbox import Picture

Values = NDArray[np.float32]


class Network:
    """A .tflite file that takes one picture.

    threads: of the CPU; their number does not change the result. layers: names of operations inside the network whose
    results can also be read, like outputs. XNNPACK keeps none of them, so with layers the network runs without it, at
    half the speed, and the number of threads changes the last bits. Raises AssetError if the file is missing, damaged,
    or has no such layer.
    """

    def __init__(self, path: Path, *, threads: int, layers: Sequence[str] = ()) -> None:
        if not path.is_file():
            raise AssetError(f"{path}: the pose weights are missing; run `make assets`")
        # A damaged network may crash the interpreter instead of failing.
        check_pose_file(path)
        kept = {
            "experimental_preserve_all_tensors": True,
            "experimental_op_resolver_type": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        }
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=threads, **(kept if layers else {}))
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise AssetError(f"{path} is damaged ({error}); delete it and run `make assets`") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {detail["name"]: detail["index"] for detail in self._interpreter.get_output_details()}
        # Fused operations carry all their names; the first name is that of the last operation.
        inside = {
            detail["name"].split(";")[0]: detail["index"]
            for detail in self._interpreter.get_tensor_details()
            if len(detail["shape"]) == 4  # a constant of the operation may carry the name, too
        }
        for layer in layers:
            if layer not in inside:
                raise AssetError(f"{path} has no layer {layer}: it is another network; delete it and run `make assets`")
            self._outputs[layer] = inside[layer]

    def run(self, picture: Picture, *, scale: float, offset: float) -> None:
        """Run the network on `picture` x `scale` + `offset`; the picture is uint8 and of the network's size."""
        # A view of the network's own memory, which must be released before it runs.
        values = self._interpreter.tensor(self._input)()[0]
        np.multiply(picture, np.float32(scale), out=values)
        if offset:
            values += np.float32(offset)
        del values
        self._interpreter.invoke()

    def output(self, name: str) -> Values:
        """A copy of one of the network's outputs or `layers`, without its batch axis."""
        return self._interpreter.get_tensor(self._outputs[name])[0]
