"""The person's own pixels: which frame of their video lends a part of the body, and how it is warped to a new pose.

Not in the paper, whose network paints every pixel. A pose is divided into trunk, head, arms and legs (`parts`). For
each part the frames of the target's video are ranked by how similar the part is there (`describe`, `choose`). Its
pixels are warped along the bones (`carry`), cut out by the person's outline and by what belongs to the part in the
lending frame (`ownership`), and combined in two layers, body and arms (`layers`).
"""
