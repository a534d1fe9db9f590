"""A person and a camera in the layout of AIST++."""

import numpy as np

NAME = "gPO_sBM_cAll_d10_mPO3_ch05"
# A person of 170 cm who faces +z, COCO's 17 joints; the left side is at +x.
PERSON = np.array(
    [
        (0, 155, 8), (4, 160, 6), (-4, 160, 6), (8, 157, 0), (-8, 157, 0), (18, 138, 0), (-18, 138, 0), (25, 112, 0),
        (-25, 112, 0), (27, 88, 2), (-27, 88, 2), (11, 88, 0), (-11, 88, 0), (12, 47, 2), (-12, 47, 2), (12, 6, 0),
        (-12, 6, 0),
    ],
    float,
)  # fmt: skip
CAMERA = {
    "name": "c01", "size": [1920, 1080], "matrix": [[1400.0, 0, 960], [0, 1400, 540], [0, 0, 1]],
    "distortions": [-0.05, 0, 0, 0, 0], "rotation": [np.pi, 0, 0], "translation": [0.0, 100, 450],
}  # fmt: skip
