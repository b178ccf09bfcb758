import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

const context = vm.createContext({});
for (const file of ["player/timeline.js", "neighbours/why.js", "neighbours/study.js"])
  vm.runInContext(readFileSync(new URL(`../../audiolime_ext/report/${file}`, import.meta.url), "utf8"), context);
const { mirrored, translated, missing, offered, toCsv, lacking } = context.audiolime;
const same = (found, expected) => assert.deepEqual(JSON.parse(JSON.stringify(found)), expected);

test("a choice is that of the stems of the same names, in whatever order they are", () => {
  const [from, to] = [["vocals", "drums", "bass"], ["bass", "vocals"]];
  same(mirrored({ kind: "stem", index: 0 }, from, to), { kind: "stem", index: 1 });
  same(mirrored({ kind: "stems", indices: [0, 2] }, from, to), { kind: "stems", indices: [0, 1] });
  same(mirrored({ kind: "stems", indices: [0, 1] }, from, to), { kind: "stem", index: 1 });
  same(mirrored({ kind: "mix" }, from, to), { kind: "mix" });
  assert.equal(mirrored({ kind: "stem", index: 1 }, from, to), null);
  same(translated([0, 1, 2], from, to), [0, 1]);
  same(missing([0, 1, 2], from, to), ["drums"]);
});

test("what is offered alone and what is without it share every stem", () => {
  const { top, without } = offered([{ name: "drums", gain_db: 3 }, { name: "bass", gain_db: null }], 8, "drums");
  same([top.on, without.on, top.gain_db], [[[[0, 8]], []], [[], [[0, 8]]], 3]);
});

test("answers survive a CSV, whatever a name holds", () => {
  const rows = [{ a: 'O"Neill, P.', b: 1 }, { a: "two\nlines" }];
  assert.equal(toCsv(["a", "b"], rows), 'a,b\r\n"O""Neill, P.",1\r\n"two\nlines",\r\n');
});

test("what is lacking is named, and blanks are no answer", () => {
  assert.equal(lacking(["participant", "sound_trust"], { participant: "7", sound_trust: "1" }), "");
  assert.equal(
    lacking(["participant", "sound_trust"], { participant: "  " }),
    "Still to be answered: your name or number, how far you trust the sound.",
  );
});
