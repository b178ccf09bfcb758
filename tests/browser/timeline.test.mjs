// The pure functions of the player, without a browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const context = vm.createContext({});
vm.runInContext(readFileSync(new URL("../../audiolime_ext/report/player/timeline.js", import.meta.url), "utf8"), context);
const { layout, spanFrom, loopFrames, envelope, valueAt, part, envelopes, gaps, alone, matchedDb, leadFrames, wavHeader, clock } =
  context.audiolime.timeline;

const same = (found, wanted) => assert.deepEqual(JSON.parse(JSON.stringify(found)), wanted);
const near = (found, wanted) => assert.ok(Math.abs(found - wanted) < 1e-9, `${found} is not ${wanted}`);
const LAYOUT = layout({ duration_s: 25, piece_s: 10, overlap_s: 0.02 }, 1000);

test("a recording has as many pieces as its length takes, the last one holding what is left", () => {
  const n = (duration_s) => layout({ duration_s, piece_s: 10, overlap_s: 0.02 }, 44100).n;
  same([0.5, 10, 10.02, 10.03, 20.02, 20.03, 600].map(n), [1, 1, 1, 2, 2, 3, 60]);
});

test("spans follow each other through the pieces to the end", () => {
  const spans = [];
  for (let from = 3000; from !== null; from = spans.at(-1).next) spans.push(spanFrom(from, LAYOUT));
  same(spans, [
    { piece: 0, from: 3000, to: 10000, tail: 20, next: 10000 },
    { piece: 1, from: 10000, to: 20000, tail: 20, next: 20000 },
    { piece: 2, from: 20000, to: 25000, tail: 0, next: null },
  ]);
});

test("a loop wraps within a piece, at a boundary, across one, and not from behind it", () => {
  same(spanFrom(3000, LAYOUT, [2000, 4000]), { piece: 0, from: 3000, to: 4000, tail: 5, next: 2000 });
  same(spanFrom(3000, LAYOUT, [2000, 10000]), { piece: 0, from: 3000, to: 10000, tail: 5, next: 2000 });
  same(spanFrom(9000, LAYOUT, [9000, 11000]), { piece: 0, from: 9000, to: 10000, tail: 20, next: 10000 });
  same(spanFrom(10000, LAYOUT, [9000, 11000]), { piece: 1, from: 10000, to: 11000, tail: 5, next: 9000 });
  same(spanFrom(20000, LAYOUT, [0, 25000]), { piece: 2, from: 20000, to: 25000, tail: 5, next: 0 });
  same(spanFrom(12000, LAYOUT, [9000, 11000]).next, 20000);
});

test("loops are whole frames within the recording, and not too short", () => {
  same(loopFrames([1.0004, 2], LAYOUT, 1000), [1000, 2000]);
  same(loopFrames([-1, 99], LAYOUT, 1000), [0, 25000]);
  same([loopFrames([1, 1.04], LAYOUT, 1000), loopFrames(null, LAYOUT, 1000)], [null, null]);
});

test("an envelope ramps over 10 ms centred on the edges, as the library joins segments", () => {
  const points = envelope([[1, 2]], 5);
  for (const [t, gain] of [[0, 0], [0.995, 0], [1, 0.5], [1.005, 1], [1.5, 1], [2, 0.5], [2.0025, 0.25], [4, 0]])
    near(valueAt(points, t), gain);
});

test("complementary envelopes add up to one everywhere", () => {
  const [inside, outside] = [envelope([[1, 2]], 5), envelope([[0, 1], [2, 5]], 5)];
  for (let t = 0; t <= 5; t += 0.0007) near(valueAt(inside, t) + valueAt(outside, t), 1);
});

test("intervals that touch, overlap or come in disorder are one; none is silence; all is one", () => {
  same(envelope([[2, 3], [1, 2], [1.5, 2.5]], 5), JSON.parse(JSON.stringify(envelope([[1, 3]], 5))));
  same(envelope([], 5), [[0, 0]]);
  same(part(envelope([[0, 5]], 5), 0, 5), [[0, 1]]);
});

test("a part of an envelope begins and ends between its points", () => {
  same(part([[1, 0], [3, 1]], 2, 4), [[2, 0.5], [3, 1], [4, 1]]);
  same(part([[1, 0], [3, 1]], 4, 9), [[4, 1]]);
});

const STEMS = [{ gain_db: 3 }, { gain_db: null }, { background: true }];
const gains = (choice, more = {}) =>
  envelopes(choice, STEMS, { duration_s: 5, ...more }).map((points) => valueAt(points, 1));

test("the background belongs to the mix and to what is left, never to what is heard alone", () => {
  const on = [[[0, 5]], [], [[0, 5]]];
  same(gains({ kind: "mix" }), [1, 1, 1]);
  same(gains({ kind: "stem", index: 1 }), [0, 1, 0]);
  same(gains({ kind: "stems", indices: [0, 1] }), [1, 1, 0]);
  same(gains({ kind: "only", on }), [1, 0, 0]);
  same(gains({ kind: "without", on }), [1, 0, 1]);
});

test("muting and the gain apply to every choice", () => {
  same(gains({ kind: "mix" }, { muted: new Set([0]), gain: 2 }), [0, 2, 2]);
  same(gains({ kind: "only", on: [[[0, 5]], [[0, 5]], []] }, { muted: new Set([1]), gain: 0.5 }), [0.5, 0, 0]);
});

test("gaps are where an envelope is silent", () => {
  same(gaps([[0, 0]], 5), [[0, 5]]);
  same(gaps([[0, 1]], 5), []);
  same(gaps([[1, 0], [1.01, 1], [2, 1], [2.01, 0]], 5), [[0, 1], [2.01, 5]]);
});

test("one stem alone is a stem, several are stems, none is the mix", () => {
  same([alone([]), alone([2]), alone([0, 2])], [
    { kind: "mix" }, { kind: "stem", index: 2 }, { kind: "stems", indices: [0, 2] },
  ]);
});

test("matched loudness: nothing for the mix, the stem's own gain, the choice's own, null where it is too soft", () => {
  const found = [{ kind: "mix" }, { kind: "stem", index: 0 }, { kind: "stem", index: 1 }, { kind: "only", gain_db: 2 }, { kind: "only" }];
  same(found.map((choice) => matchedDb(choice, STEMS)), [0, 3, null, 2, null]);
});

test("a decoder that keeps the encoder's delay is noticed", () => {
  same([leadFrames(44100, 44100, 0.025, 44100), leadFrames(46300, 44100, 0.025, 44100), leadFrames(99, 1, 0, 44100)], [0, 1103, 0]);
});

test("the WAV header counts bytes", () => {
  const header = new DataView(wavHeader(2, 44100, 10));
  same([header.byteLength, header.getUint32(4, true), header.getUint16(20, true), header.getUint32(40, true)], [44, 116, 3, 80]);
});

test("times read as minutes and seconds, rounded to a tenth", () =>
  same([0, 2.992, 19.98, 59.9999999, 65.04, 600].map(clock), ["0:00.0", "0:03.0", "0:20.0", "1:00.0", "1:05.0", "10:00.0"]));
