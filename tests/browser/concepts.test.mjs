import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

const context = vm.createContext({ URLSearchParams, encodeURIComponent });
const source = new URL("../../audiolime_ext/report/concepts/layout.js", import.meta.url);
vm.runInContext(readFileSync(source, "utf8"), context);
const { address, asked, bandOf, beeswarm, clock, corner, median, reach, signed, ticks } = context.audiolime.layout;
const same = (found, expected) => assert.deepEqual(JSON.parse(JSON.stringify(found)), expected);

test("dots that would overlap are moved apart, by as little as is possible", () => {
  const xs = [10, 11, 12, 50, 50, 50, 12];
  const moved = beeswarm(xs, 10);
  for (let i = 0; i < xs.length; i++) {
    for (let j = 0; j < i; j++) assert.ok(Math.hypot(xs[i] - xs[j], moved[i] - moved[j]) >= 10 - 1e-3);
  }
  same(beeswarm([0, 100], 10), [0, 0]);
  same(beeswarm([50, 50, 50], 10).sort((a, b) => a - b), [-10, 0, 10]);
  same(beeswarm([], 10), []);
});

test("five hundred dots at one place are all placed", () => {
  const moved = beeswarm(new Array(500).fill(3), 10);
  assert.equal(new Set(moved).size, 500);
});

test("the axis holds all marks, their bands and zero, at round numbers", () => {
  const marks = [{ x: 0.4, band: [-0.3, 0.2] }, { x: 1.1, band: null }];
  const [low, high] = reach(marks);
  assert.ok(low < -0.3 && high > 1.1);
  assert.ok(reach([{ x: 2, band: null }])[0] < 0);
  same(ticks(-0.35, 1.15, 4).map((one) => Number(one.toFixed(6))), [0, 0.5, 1]);
  assert.ok(ticks(0, 0, 3).length < 10);
  assert.ok(reach([])[0] < reach([])[1]);
});

test("the band of a class is the median of its concepts' bands", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([1, 2]), 1.5);
  assert.equal(median([]), null);
  same(bandOf([{ band: [-1, 1] }, { band: [-3, 2] }, { band: [-2, 9] }, { band: null }]), [-2, 2]);
  assert.equal(bandOf([{ band: null }]), null);
});

test("an address asks for what is shown, whatever characters names hold", () => {
  for (const concept of ["rock 3", "a&b=c#d 1", "</script> 2", "“música” 4"]) {
    const shown = { concept, song: "x & y.wav", pins: ["jazz 1", concept] };
    same(asked(address(shown)), shown);
  }
  assert.ok(address({ concept: "rock 3", song: null, pins: [] }) === "#concept=rock%203");
  same(asked(""), { concept: null, song: null, pins: [] });
});

test("numbers and times are written as in the text", () => {
  same([signed(0.834), signed(-0.0021), signed(0), signed(-12.34)], ["+0.83", "−0.002", "0.00", "−12.3"]);
  same([clock(0), clock(206.42), clock(59.98)], ["0:00.0", "3:26.4", "1:00.0"]);
});

test("a radar begins above and goes round clockwise", () => {
  same(corner(0, 4, 1, 10).map(Math.round), [0, -10]);
  same(corner(1, 4, 0.5, 10).map(Math.round), [5, 0]);
});
