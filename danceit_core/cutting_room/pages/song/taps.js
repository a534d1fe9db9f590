// Taps along with the song: their moments, and the tempo that they make.

const FEWEST = 4;
// After a longer pause the counting begins anew.
const PAUSE_S = 3;

export class Taps {
  constructor() { this.times = []; }

  tap(seconds) {
    const last = this.times.at(-1);
    if (last !== undefined && (seconds - last > PAUSE_S || seconds <= last)) this.times = [];
    this.times.push(seconds);
  }

  clear() { this.times = []; }

  get enough() { return this.times.length >= FEWEST; }

  // Beats a minute: the slope of a line through the taps, which one late tap hardly moves; null for fewer than two.
  get bpm() {
    const count = this.times.length;
    if (count < 2) return null;
    const mean = this.times.reduce((sum, time) => sum + time, 0) / count;
    const middle = (count - 1) / 2;
    const [over, under] = this.times.reduce(
      ([top, bottom], time, number) => [top + (number - middle) * (time - mean), bottom + (number - middle) ** 2], [0, 0]);
    return over > 0 ? (60 * under) / over : null;
  }
}
