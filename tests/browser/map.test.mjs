import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

const context = vm.createContext({});
vm.runInContext(readFileSync(new URL("../../audiolime_ext/report/maps/songs.js", import.meta.url), "utf8"), context);
const { SIDE, bounded, inSight, moved, toPixels, toPoint, zoomed } = context.audiolime.songs;
const { folded, free, isFar, marked, matching, nNearer, nearestTo, similarity, sorted, towards } = context.audiolime.songs;
const same = (found, expected) => assert.deepEqual(JSON.parse(JSON.stringify(found)), expected);
const WHOLE = bounded({ width: 400, height: 300, zoom: 1, x: 0, y: 0 });
const PLAIN = { ...WHOLE }; // of this realm
const POINTS = [0, 0, 1000, 100, 0, 2000, 5000, 5000, 1000, 3000];

test("a pixel shows the point that is drawn there, however near one looks", () => {
  for (const camera of [WHOLE, zoomed(WHOLE, 3, 50, 60), moved(zoomed(WHOLE, 5), 30, -20)]) {
    const [x, y] = toPoint(camera, ...toPixels(camera, 1234, 5678));
    assert.ok(Math.abs(x - 1234) < 1e-6 && Math.abs(y - 5678) < 1e-6);
  }
  same(toPixels(WHOLE, SIDE / 2, SIDE / 2), [200, 150]);
});

test("what is under the pointer stays there while one zooms, and the whole map lies in the middle", () => {
  const before = toPoint(zoomed(WHOLE, 2), 150, 120);
  const after = toPoint(zoomed(zoomed(WHOLE, 2), 1.7, 150, 120), 150, 120);
  after.forEach((value, i) => assert.ok(Math.abs(value - before[i]) < 1e-6));
  same(zoomed(zoomed(WHOLE, 4, 10, 10), 0.01), PLAIN);
  same(moved(WHOLE, 100, 100), PLAIN);
  assert.ok(inSight(WHOLE, 0, 0) && !inSight(zoomed(WHOLE, 4), 0, 0));
});

test("the nearest song is found, if it is near enough and shown", () => {
  assert.equal(nearestTo(POINTS, 900, 200), 1);
  assert.equal(nearestTo(POINTS, 900, 200, 100), -1);
  assert.equal(nearestTo(POINTS, 900, 200, Infinity, (i) => i !== 1), 0);
});

test("arrows lead to the nearest song within 45° of their direction", () => {
  assert.equal(towards(POINTS, 0, [1, 0]), 1);
  assert.equal(towards(POINTS, 0, [0, 1]), 2);
  assert.equal(towards(POINTS, 0, [-1, 0]), -1);
  assert.equal(towards(POINTS, 0, [0, 1], (i) => i !== 2), 4);
  assert.equal(towards(POINTS, 3, [0, -1]), 1);
});

test("a neighbour is far away where the map lays it far off and others between", () => {
  assert.equal(nNearer(POINTS, 0, 3), 3);
  assert.equal(isFar(POINTS, 0, 3, 1500, 2), true);
  assert.equal(isFar(POINTS, 0, 3, 1500, 3), false);
  assert.equal(isFar(POINTS, 0, 1, 1500, 0), false);
});

test("songs are found by all words of a text, without accents, and those that begin with it come first", () => {
  const names = ["Sigur Rós – Hoppípolla", "Los Roses", "Rosalía – Bizcochito", "Air"].map(folded);
  same(matching(names, "ros"), [2, 0, 1]);
  same(matching(names, "hoppi ROS"), [0]);
  same(matching(names, "  "), []);
});

test("the table is sorted by name as people count, by group, and by stability", () => {
  const data = { names: ["b 10", "b 9", "A"], groups: ["x", "y"], of: [1, 0, 0], stability: [50, null, 90] };
  same(sorted([0, 1, 2], "name", data), [2, 1, 0]);
  same(sorted([0, 1, 2], "group", data), [1, 2, 0]);
  same(sorted([0, 1, 2], "stability", data), [2, 0, 1]);
  same(sorted([0, 1, 2], "stability", data, true), [1, 0, 2]);
  same(sorted([2, 0, 1], null, data), [2, 0, 1]);
});

test("similarities have a true minus sign", () => {
  same([similarity(-125), similarity(994), similarity(-1)], ["−0.13", "0.99", "0.00"]);
});

test("a song that is marked twice is drawn once, as the query", () => {
  same([...marked([{ name: "query", songs: [3] }, { name: "candidate", songs: [8, 3] }])], [[8, "candidate"], [3, "query"]]);
  same([...marked([])], []);
});

test("a line of text goes as near as it can to where it belongs, off those that are there, and within the picture", () => {
  const at = { left: 0, right: 50, top: 10 };
  assert.equal(free([], at, 10, 100), 10);
  assert.equal(free([{ left: 60, right: 90, top: 10, bottom: 20 }], at, 10, 100), 10);
  const taken = [];
  for (let i = 0; i < 6; i++) {
    const top = free(taken, at, 10, 100);
    assert.ok(top >= 0 && top <= 90 && taken.every((box) => top >= box.bottom || top + 10 <= box.top));
    taken.push({ left: 0, right: 50, top, bottom: top + 10 });
  }
});
