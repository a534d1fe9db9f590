"""A TensorFlow Lite network on the LiteRT interpreter (XNNPACK on the CPU)."""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from danceit_core.errors import AssetError
from danceit_core.media.letterbox import Picture

Values = NDArray[np.float32]


class Network:
    """A .tflite file that takes one picture.

    threads: of the CPU; their number does not change the result. Raises AssetError if the file is missing or damaged.
    """

    def __init__(self, path: Path, *, threads: int) -> None:
        if not path.is_file():
            raise AssetError(f"{path}: the pose weights are missing; `make assets` fetches them")
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise AssetError(f"{path} is damaged ({error}); delete it and run `make assets`") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {detail["name"]: detail["index"] for detail in self._interpreter.get_output_details()}

    def run(self, picture: Picture, *, scale: float, offset: float) -> None:
        """Run the network on `picture` x `scale` + `offset`; the picture is uint8 and of the network's size."""
        # A view of the network's own memory, which must be gone before it runs.
        values = self._interpreter.tensor(self._input)()[0]
        np.multiply(picture, np.float32(scale), out=values)
        if offset:
            values += np.float32(offset)
        del values
        self._interpreter.invoke()

    def output(self, name: str) -> Values:
        """A copy of one of the network's outputs, without its batch axis."""
        return self._interpreter.get_tensor(self._outputs[name])[0]
