"""A real, tiny Caffe network that turns coloured dots into heat maps: description and weights are written here."""

import numpy as np

MAPS = 78
# A dot of one of these colours (red, green, blue) is a joint of its own.
COLOURS = {0: (255, 0, 0), 1: (0, 255, 0), 8: (0, 0, 255)}
DESCRIPTION = """name: "dots"
input: "image"
input_dim: 1
input_dim: 3
input_dim: 368
input_dim: 368
layer {
  name: "shrunk" type: "Pooling" bottom: "image" top: "shrunk"
  pooling_param { pool: AVE kernel_size: 8 stride: 8 }
}
layer {
  name: "net_output" type: "Convolution" bottom: "shrunk" top: "net_output"
  convolution_param { num_output: %d kernel_size: 3 pad: 1 }
}
"""


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, content):
    """A length-delimited field of a protobuf message."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob(values):
    """Caffe's BlobProto: 5 = data, 7 = shape with 1 = dimensions."""
    values = np.asarray(values, np.float32)
    shape = field(1, b"".join(varint(side) for side in values.shape))
    return field(5, values.astype("<f4").tobytes()) + field(7, shape)


def write_network(folder, *, maps=MAPS):
    """Paths of the description and the weights (fields: 1 name, 100 layer; of a layer: 1 name, 2 type, 7 blobs)."""
    blur = np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25])
    weights, bias = np.zeros((maps, 3, 3, 3)), np.full(maps, -1.0)
    for joint, colour in COLOURS.items():
        if joint < maps:
            # The network sees blue, green, red at -0.5 .. 0.5: black gives -0.25 each, a full dot of the colour 1.
            signs = np.array(colour[::-1]) / 255 * 2 - 1
            weights[joint] = signs[:, None, None] * blur * (2 / 3)
            bias[joint] = 0
    layer = field(1, b"net_output") + field(2, b"Convolution") + field(7, blob(weights)) + field(7, blob(bias))
    prototxt, caffemodel = folder / "dots.prototxt", folder / "dots.caffemodel"
    prototxt.write_text(DESCRIPTION % maps)
    caffemodel.write_bytes(field(1, b"dots") + field(100, layer))
    return str(prototxt), str(caffemodel)
