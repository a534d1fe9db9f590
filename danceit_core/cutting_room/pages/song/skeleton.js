// The skeleton of the dance, drawn from its keypoints in the colours of danceit_core/pose/draw.py.

import { clamp } from "./dom.js";

const JOINTS = 25;
const LIMBS = [
  [1, 8], [1, 2], [1, 5], [2, 3], [3, 4], [5, 6], [6, 7], [8, 9], [9, 10], [10, 11], [8, 12], [12, 13], [13, 14],
  [1, 0], [0, 15], [15, 17], [0, 16], [16, 18], [14, 19], [19, 20], [14, 21], [11, 22], [22, 23], [11, 24],
];
const COLOURS = [
  [255, 255, 255], [255, 60, 60], [60, 110, 255], [255, 120, 0], [255, 190, 0], [0, 160, 255], [0, 225, 255],
  [230, 0, 60], [200, 60, 0], [255, 100, 90], [40, 40, 230], [0, 110, 200], [90, 160, 255],
  [200, 90, 255], [255, 140, 190], [255, 70, 150], [140, 220, 190], [60, 200, 140],
  [0, 200, 90], [0, 255, 160], [0, 130, 90], [255, 230, 80], [255, 255, 150], [170, 120, 20],
].map((colour) => `rgb(${colour.join()})`);
// Share of the picture's shorter side that a limb is thick.
const THICKNESS = 0.014;

export class Poses {
  // values: float32 (frames, 25, 3), x and y in pixels of a picture of width x height, confidence in 0..1.
  constructor(values, { frames, fps, width, height }) {
    Object.assign(this, { values, frames, fps, width, height });
  }

  static async from(answer) {
    const number = (name) => Number(answer.headers.get(`x-${name}`));
    const about = { frames: number("frames"), fps: number("fps"), width: number("width"), height: number("height") };
    return new Poses(new Float32Array(await answer.arrayBuffer()), about);
  }

  // The (25, 3) keypoints at a moment, between two frames where both have a joint.
  at(seconds, into = new Float32Array(JOINTS * 3)) {
    const exact = clamp(seconds * this.fps, 0, this.frames - 1);
    const [first, share] = [Math.floor(exact), exact % 1];
    const one = first * JOINTS * 3;
    const other = Math.min(first + 1, this.frames - 1) * JOINTS * 3;
    for (let at = 0; at < JOINTS * 3; at += 3) {
      const both = this.values[one + at + 2] > 0 && this.values[other + at + 2] > 0;
      for (let axis = 0; axis < 3; axis += 1) {
        const value = this.values[one + at + axis];
        into[at + axis] = both ? value + share * (this.values[other + at + axis] - value) : value;
      }
    }
    return into;
  }
}

// Draws keypoints on a canvas context whose picture is `scale` times that of the poses.
export function drawSkeleton(context, points, poses, scale) {
  const { canvas } = context;
  context.clearRect(0, 0, canvas.width, canvas.height);
  const width = Math.max(2, THICKNESS * Math.min(poses.width, poses.height) * scale);
  const seen = (joint) => points[3 * joint + 2] > 0;
  const x = (joint) => points[3 * joint] * scale;
  const y = (joint) => points[3 * joint + 1] * scale;
  context.lineCap = "round";
  context.lineWidth = width;
  LIMBS.forEach(([one, other], number) => {
    if (!seen(one) || !seen(other)) return;
    context.strokeStyle = COLOURS[number];
    context.beginPath();
    context.moveTo(x(one), y(one));
    context.lineTo(x(other), y(other));
    context.stroke();
  });
  context.fillStyle = "#fff";
  for (let joint = 0; joint < 15; joint += 1) {
    if (!seen(joint)) continue;
    context.beginPath();
    context.arc(x(joint), y(joint), width * 0.45, 0, 2 * Math.PI);
    context.fill();
  }
}
