import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

const source = new URL("../../audiolime_ext/report/song/page.js", import.meta.url);
const context = vm.createContext({ URLSearchParams });
vm.runInContext(readFileSync(source, "utf8"), context);
const { windowAt, shown, readPlace, writePlace, intervals, signed, plain, opacity, clock } = context.audiolime;
const same = (found, expected) => assert.deepEqual(JSON.parse(JSON.stringify(found)), expected);

const WINDOWS = [{ t: 0, d: 3 }, { t: 3, d: 3 }, { t: 21, d: 3 }];

test("a moment belongs to the window that holds it, or to the nearest", () => {
  assert.equal(windowAt(WINDOWS, 0), 0);
  assert.equal(windowAt(WINDOWS, 2.99), 0);
  assert.equal(windowAt(WINDOWS, 3.001), 1);
  assert.equal(windowAt(WINDOWS, 10), 1);
  assert.equal(windowAt(WINDOWS, 20), 2);
  assert.equal(windowAt(WINDOWS, 99), 2);
  assert.equal(windowAt([], 1), -1);
});

test("few components are shown as they are, of many the heaviest", () => {
  same(shown([0.1, -0.5, 0.2]), [0, 1, 2]);
  same(shown([0, 0, 0.1, 0, -0.9, 0.3, 0.2, 0.4, 0.5, 0.6]), [4, 9, 8, 7, 5, 6, 2, 0]);
});

test("a place survives its link, whatever the tag is called", () => {
  for (const tag of ["jazz", "drum & bass", "50% #1", "</script>", "🎷"])
    same(readPlace(writePlace({ t: 206.25, tag, view: 1 })), { t: 206.25, tag, view: 1 });
  same(readPlace(writePlace({ t: 0, tag: "jazz", view: 0 })), { t: 0, tag: "jazz", view: null });
  same(readPlace("#t=soon"), { t: null, tag: null, view: null });
  same(readPlace("#t="), { t: null, tag: null, view: null });
});

test("only a component and all but it share every moment between them", () => {
  const stems = ["vocals", "drums"];
  same(intervals([{ stem: "vocals", on: null }], 3, stems, 9), { only: [[[0, 9]], []], without: [[], [[0, 9]]] });
  same(intervals([{ stem: "drums", on: [1, 2] }], 3, stems, 9), {
    only: [[], [[4, 5]]],
    without: [[[0, 9]], [[0, 4], [5, 9]]],
  });
  same(intervals([{ stem: "drums", on: [0, 2] }], 0, stems, 2), { only: [[], [[0, 2]]], without: [[[0, 2]], []] });
});

test("components that make a tag together play together, each when it sounds", () => {
  const stems = ["vocals", "drums"];
  const parts = [{ stem: "vocals", on: null }, { stem: "drums", on: [0, 1] }, { stem: "drums", on: [1, 2] }, { stem: "drums", on: [3, 4] }];
  same(intervals(parts, 1, stems, 6), {
    only: [[[0, 6]], [[1, 2], [2, 3], [4, 5]]],
    without: [[], [[0, 1], [3, 4], [5, 6]]],
  });
});

test("signs are written, but not of nothing", () => {
  assert.deepEqual([31.2, -1.4, 0.3, -0.3].map((value) => signed(value, 0)), ["+31", "−1", "0", "0"]);
  assert.deepEqual([0.314, -1.4, -0.001].map((value) => plain(value, 2)), ["0.31", "−1.40", "0.00"]);
});

test("higher scores are darker, and no score is beyond the ink", () => {
  const shades = [-1, 0, 0.01, 0.3, 1, 2].map(opacity);
  assert.deepEqual(shades, [...shades].sort((one, other) => one - other));
  assert.deepEqual([shades[0], shades.at(-1)], [0, 255]);
});

test("a boundary between tenths shows its hundredths", () => {
  same([0, 14.96, 17.952, 15, 2.9999, 59.996, 75.5].map(clock),
    ["0:00.0", "0:14.96", "0:17.95", "0:15.0", "0:03.0", "1:00.0", "1:15.5"]);
});
