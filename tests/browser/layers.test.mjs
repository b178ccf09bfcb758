import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

const source = new URL("../../audiolime_ext/report/player/layers.js", import.meta.url);
const context = vm.createContext({});
vm.runInContext(readFileSync(source, "utf8"), context);
const { told } = context.audiolime;

const LAYER = { moment_s: 0.25, phrases: ["not explained", "most for “metal” at 0.3–0.8 kHz"], said: [0, 1, 1, 0] };

test("a moment is told with the recording's second, and the ends belong to the first and the last moment", () => {
  assert.equal(told(LAYER, 0, 0), "At 0:00: not explained.");
  assert.equal(told(LAYER, 0.25, 12), "At 0:12: most for “metal” at 0.3–0.8 kHz.");
  assert.equal(told(LAYER, 0.74, 59.5), "At 1:00: most for “metal” at 0.3–0.8 kHz.");
  assert.equal(told(LAYER, 1, 0), "At 0:01: not explained.");
  assert.equal(told(LAYER, -0.1, 0.2), "At 0:00: not explained.");
});

test("a moment begins where it begins, whatever the rounding", () => {
  const tenths = { moment_s: 0.1, phrases: ["a", "b"], said: [0, 0, 0, 0, 0, 0, 0, 1] };
  assert.equal(told(tenths, 0.7, 0), "At 0:00: b."); // 0.7 / 0.1 is a little less than 7
});
