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

// A name in so many letters: its middle is left out, as names of files often differ at their ends.
export function shortName(name, letters) {
  if (name.length <= letters || letters < 4) return name;
  const first = Math.ceil((letters - 1) / 2);
  return `${name.slice(0, first)}…${name.slice(name.length - (letters - 1 - first))}`;
}

export const percent = (share) => `${Math.round(100 * share)} %`;

// A share as the stylesheet writes it.
export const cssPercent = (share) => `${(100 * share).toFixed(2)}%`;

// A share of 0..1 as a grade that colour, shape and word say alike.
export function grade(share, good = 2 / 3, fair = 1 / 3) {
  if (share === null || share === undefined) return "unknown";
  if (share >= good) return "good";
  return share >= fair ? "fair" : "poor";
}

// Music and a movement that have nothing to do with one another match by half.
export const matchGrade = (match) => grade(match, 0.7, 0.5);

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
  if (clip.beats > 0 && clip.hits !== null) said.push(`${clip.hits} of ${clip.beats} beats hit`);
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

// name: [group, what it is called, where it costs less, where it costs more]
export const COSTS = {
  match: ["music", "Music match", "closer to the music", "farther from the music"],
  beats: ["music", "Beats", "on the beat more often", "on the beat less often"],
  accents: ["music", "Accents", "fits the accents better", "fits the accents worse"],
  energy: ["music", "Energy", "energy fits better", "energy fits worse"],
  rest: ["music", "Rests", "rests where the phrase ends", "moves where the phrase ends"],
  tempo: ["movement", "Speed", "nearer to its own speed", "farther from its own speed"],
  stillness: ["movement", "Standing still", "stands still less", "stands still more"],
  jerk: ["movement", "Jerk", "calmer", "jerkier"],
  sliding: ["movement", "Sliding feet", "feet slide less", "feet slide more"],
  seam_before: ["seams", "Seam before", "smoother start", "rougher start"],
  seam_after: ["seams", "Seam after", "smoother end", "rougher end"],
  place: ["picture", "Place", "stays nearer to the middle", "wanders farther off"],
  repeats: ["picture", "Repetition", "repeats less", "repeats more"],
  painting: ["picture", "Drawing", "easier to draw for this dancer", "harder to draw for this dancer"],
};
export const GROUPS = { music: "Music", movement: "Movement", seams: "Seams", picture: "Place and picture" };

export const groupOf = (name) => COSTS[name]?.[0] ?? "picture";

export const costName = (name) => COSTS[name]?.[1] ?? name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

// What sets one candidate apart from the chosen one, the largest differences first.
export function differences(costs, chosen, least = 0.02, most = 3) {
  return Object.keys(costs)
    .filter((name) => COSTS[name] && Number.isFinite(costs[name]) && Number.isFinite(chosen[name]))
    .map((name) => [name, costs[name] - chosen[name]])
    .filter(([, more]) => Math.abs(more) >= least)
    .sort(([, one], [, other]) => Math.abs(other) - Math.abs(one))
    .slice(0, most)
    .map(([name, more]) => ({ text: COSTS[name][more < 0 ? 2 : 3], better: more < 0 }));
}

// From here on a candidate is so bad that figures say nothing: a move danced just before, or a jump at a seam.
const FAR = 20;

export function totalWords(more) {
  if (more >= FAR) return "far costlier than the chosen one";
  if (Math.abs(more) < 0.005) return "costs as much as the chosen one";
  return more > 0 ? `+${more.toFixed(2)} costlier than the chosen one` : `${(-more).toFixed(2)} cheaper than the chosen one`;
}
