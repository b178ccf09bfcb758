/* Where things lie in the panels of concepts: pure functions, tested without a browser. */
"use strict";

(function (audiolime) {
  /** Round numbers from `low` to `high`, about `n` of them. */
  function ticks(low, high, n) {
    const rough = (high - low) / Math.max(1, n) || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * (1 - 1e-9));
    const found = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(i * step);
    return found;
  }

  /** How far the axis reaches: all marks with their bands, zero, and a little room. */
  function reach(marks) {
    const values = marks.flatMap(({ x, band }) => [x, ...(band ?? [])]);
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    const room = (high - low || 1) * 0.04;
    return [low - room, high + room];
  }

  /** Dots at `xs` pixels beside each other: how far each is moved up (−) or down (+), in pixels, so that none overlap. */
  function beeswarm(xs, apart) {
    const placed = [];
    const moved = new Array(xs.length).fill(0);
    for (const i of [...xs.keys()].sort((one, other) => xs[one] - xs[other] || one - other)) {
      const near = placed.filter(([x]) => Math.abs(x - xs[i]) < apart);
      const free = (y) => near.every(([x, other]) => (x - xs[i]) ** 2 + (other - y) ** 2 >= apart ** 2 - 1e-6);
      const sides = near.flatMap(([x, y]) => {
        const away = Math.sqrt(apart ** 2 - (x - xs[i]) ** 2);
        return [y - away, y + away];
      });
      moved[i] = [0, ...sides].filter(free).sort((one, other) => Math.abs(one) - Math.abs(other) || one - other)[0] ?? 0;
      placed.push([xs[i], moved[i]]);
    }
    return moved;
  }

  /** The middle number; of none, null. */
  function median(values) {
    const sorted = [...values].sort((one, other) => one - other);
    const half = sorted.length / 2;
    return sorted.length ? (sorted[Math.floor(half - 0.5)] + sorted[Math.floor(half)]) / 2 : null;
  }

  /** The band of a row: the medians of both ends of its concepts' bands; null where there are none. */
  function bandOf(marks) {
    const bands = marks.map(({ band }) => band).filter(Boolean);
    return bands.length ? [0, 1].map((end) => median(bands.map((band) => band[end]))) : null;
  }

  /** A number of logits with its sign. */
  function signed(value) {
    const digits = Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 || value === 0 ? 2 : 3;
    return `${value > 0 ? "+" : ""}${value.toFixed(digits)}`.replace("-", "−");
  }

  /** Minutes and seconds to a tenth. */
  function clock(seconds) {
    const tenths = Math.round(10 * seconds);
    return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
  }

  /** What an address asks for: {concept, song, pins}, by name. */
  function asked(hash) {
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    return { concept: given.get("concept"), song: given.get("song"), pins: given.getAll("pin") };
  }

  /** The address that asks for it. */
  function address({ concept, song, pins }) {
    const parts = [["concept", concept], ["song", song], ...pins.map((pin) => ["pin", pin])];
    const given = parts.filter(([, value]) => value !== null && value !== undefined);
    return given.length ? `#${given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")}` : "";
  }

  /** Where a radar's corner lies: the first axis up, then clockwise; `share` from 0 (the middle) to 1. */
  function corner(axis, n, share, radius) {
    const angle = (2 * Math.PI * axis) / n - Math.PI / 2;
    return [share * radius * Math.cos(angle), share * radius * Math.sin(angle)];
  }

  audiolime.layout = { ticks, reach, beeswarm, median, bandOf, signed, clock, asked, address, corner };
})((globalThis.audiolime ??= {}));
