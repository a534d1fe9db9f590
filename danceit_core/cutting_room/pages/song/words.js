// Times, clips, edits and costs in words.

export function clockTime(seconds, digits = 1) {
  const rounded = Math.max(0, Number(seconds.toFixed(digits)));
  const minutes = Math.floor(rounded / 60);
  const rest = (rounded - 60 * minutes).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export function howLong(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export const percent = (share) => `${Math.round(100 * share)} %`;

// A share of 0..1 as a grade that colour, shape and word say alike.
export function grade(share) {
  if (share === null || share === undefined) return "unknown";
  if (share >= 2 / 3) return "good";
  return share >= 1 / 3 ? "fair" : "poor";
}

export const SEAMS = { good: "smooth seam", fair: "fair seam", poor: "rough seam", unknown: "seam not measured" };

export const sourceOf = (clip) => `${clip.video} at ${clockTime(clip.source_s)}`;

export function clipName(clip, count, edits) {
  const said = [
    `Clip ${clip.number + 1} of ${count}`,
    `${clockTime(clip.start_s)} to ${clockTime(clip.end_s)}`,
    sourceOf(clip),
  ];
  if (clip.mirrored) said.push("mirrored");
  if (clip.match !== null) said.push(`match ${percent(clip.match)}`);
  if (clip.seam !== null && clip.number > 0) said.push(SEAMS[grade(clip.seam)]);
  if (clip.beats > 0) said.push(`${clip.hits} of ${clip.beats} beats hit`);
  said.push(...edits.map((edit) => `edit: ${editValue(edit)}`));
  return said.join(", ");
}

export function editValue(edit) {
  if (edit.action === "pin") return `pin ${edit.value}`;
  if (edit.action === "ban") return `ban ${edit.value}`;
  if (edit.action === "style") return `only the style ${edit.value}`;
  return `another choice (seed ${edit.value})`;
}

export const stretchOf = ({ start_s, end_s }) => `${clockTime(start_s)} to ${clockTime(end_s)}`;

// name: [what it is called, where it is less, where it is more]
export const COSTS = {
  match: ["Music match", "closer to the music", "farther from the music"],
  beats: ["Beats", "hits the beats better", "hits the beats worse"],
  energy: ["Energy", "energy fits better", "energy fits worse"],
  tempo: ["Tempo change", "played closer to its own speed", "played farther from its own speed"],
  seam_before: ["Seam before", "smoother start", "rougher start"],
  seam_after: ["Seam after", "smoother end", "rougher end"],
  painting: ["Drawing", "easier to draw for this dancer", "harder to draw for this dancer"],
};

export const costName = (name) => COSTS[name]?.[0] ?? name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

// What sets one candidate apart from the chosen one, the largest differences first.
export function differences(costs, chosen, least = 0.02, most = 3) {
  return Object.keys(costs)
    .filter((name) => COSTS[name] && Number.isFinite(costs[name]) && Number.isFinite(chosen[name]))
    .map((name) => [name, costs[name] - chosen[name]])
    .filter(([, more]) => Math.abs(more) >= least)
    .sort(([, one], [, other]) => Math.abs(other) - Math.abs(one))
    .slice(0, most)
    .map(([name, more]) => ({ text: COSTS[name][more < 0 ? 1 : 2], better: more < 0 }));
}

export function totalWords(more) {
  if (Math.abs(more) < 0.005) return "costs as much as the chosen one";
  return more > 0 ? `+${more.toFixed(2)} costlier than the chosen one` : `${(-more).toFixed(2)} cheaper than the chosen one`;
}
