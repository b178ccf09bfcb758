/* When which piece of which stem sounds, and how loud: pure functions, tested without a browser.
 *
 * Pieces. Piece k of a stem holds its own `piece` frames and the first `overlap` frames of the next one, so that
 * neighbours can be joined by a linear crossfade of the same sound: what is heard does not change at a boundary.
 *
 * Spans. Playback is a chain of spans, each within one piece. A span sounds from `from` to `to` and fades out over the
 * `tail` frames after it, while the span that follows it fades in. Positions and lengths are whole frames of the
 * context that plays; envelopes are in seconds of the recording.
 *
 * Envelopes. [[t, gain], …], linear in between and constant beyond: what a choice makes of one stem.
 */
"use strict";

(function (audiolime) {
  const RAMP_S = 0.01; // at the edges of intervals, as where the library joins segments

  /** Layout of a recording in frames of a context: where pieces and loops begin and end. */
  function layout({ duration_s, piece_s, overlap_s }, rate) {
    const frames = (seconds) => Math.round(seconds * rate);
    const [duration, piece, overlap] = [frames(duration_s), frames(piece_s), frames(overlap_s)];
    return { duration, piece, overlap, n: Math.max(1, Math.ceil((duration - overlap) / piece)), joint: frames(0.005) };
  }

  /** The span that begins at `from`; `next` is where the one after it begins, null at the end of the recording. */
  function spanFrom(from, { duration, piece, overlap, n, joint }, loop = null) {
    const index = Math.min(n - 1, Math.floor(from / piece));
    const end = index === n - 1 ? duration : (index + 1) * piece;
    const [first, last] = loop && from < loop[1] ? loop : [null, Infinity];
    if (last <= end) return { piece: index, from, to: last, tail: joint, next: first };
    return { piece: index, from, to: end, tail: end < duration ? overlap : 0, next: end < duration ? end : null };
  }

  /** A range in seconds as frames, or null where it is too short (50 ms) to be repeated. */
  function loopFrames(range, { duration }, rate) {
    if (!range) return null;
    const [first, last] = range.map((t) => Math.min(duration, Math.max(0, Math.round(t * rate))));
    return last - first >= 0.05 * rate ? [first, last] : null;
  }

  /** Intervals in which a stem is on, as an envelope; ramps are centred on the edges, except at the very ends. */
  function envelope(intervals, duration_s) {
    const merged = [];
    for (const [begin, end] of [...intervals].sort((one, other) => one[0] - other[0])) {
      const last = merged[merged.length - 1];
      if (last && begin <= last[1] + RAMP_S) last[1] = Math.max(last[1], end);
      else if (end > begin) merged.push([begin, end]);
    }
    const points = merged.flatMap(([begin, end]) => {
      const half = Math.min(RAMP_S, end - begin) / 2;
      const rise = begin <= 0 ? [[0, 1]] : [[begin - half, 0], [begin + half, 1]];
      const fall = end >= duration_s ? [[duration_s, 1]] : [[end - half, 1], [end + half, 0]];
      return [...rise, ...fall];
    });
    return points.length ? points : [[0, 0]];
  }

  /** Value of an envelope at a time. */
  function valueAt(points, t) {
    const after = points.findIndex(([time]) => time > t);
    if (after === 0) return points[0][1];
    if (after < 0) return points[points.length - 1][1];
    const [[t0, g0], [t1, g1]] = [points[after - 1], points[after]];
    return g0 + ((g1 - g0) * (t - t0)) / (t1 - t0);
  }

  /** The part of an envelope between two times, both ends included; one point where it is constant. */
  function part(points, begin, end) {
    const inner = points.filter(([t]) => t > begin && t < end);
    const found = [[begin, valueAt(points, begin)], ...inner, [end, valueAt(points, end)]];
    return found.every(([, gain]) => gain === found[0][1]) ? [found[0]] : found;
  }

  /** What a choice makes of every stem: one envelope each.
   *
   * Choices are {kind: "mix"}, {kind: "stem", index}, {kind: "stems", indices} and {kind: "only" | "without", on,
   * gain_db} with a list of [t0, t1] for each stem. A stem in the background belongs to the mix and to what is left
   * without a component, and to nothing else. `muted` is a set of stems.
   */
  function envelopes(choice, stems, { duration_s, muted = new Set(), gain = 1 }) {
    const soloed = indices(choice);
    return stems.map((stem, i) => {
      if (muted.has(i)) return [[0, 0]];
      if (choice.kind === "mix" || (choice.kind === "without" && stem.background)) return [[0, gain]];
      if (stem.background) return [[0, 0]];
      if (choice.kind === "only" || choice.kind === "without")
        return envelope(choice.on[i] ?? [], duration_s).map(([t, on]) => [t, gain * on]);
      return [[0, soloed.includes(i) ? gain : 0]];
    });
  }

  /** Where an envelope is silent: a list of [t0, t1]. */
  function gaps(points, duration_s) {
    const ends = [[0, points[0][1]], ...points, [duration_s, points[points.length - 1][1]]];
    const found = ends.slice(1).map(([t, gain], i) => [ends[i][0], t, ends[i][1] === 0 && gain === 0]);
    return found.filter(([begin, end, silent]) => silent && end > begin).map(([begin, end]) => [begin, end]);
  }

  /** The stems that a choice plays alone. */
  function indices(choice) {
    return choice.kind === "stem" ? [choice.index] : choice.kind === "stems" ? choice.indices : [];
  }

  /** The choice that plays these stems alone; all together where there are none. */
  function alone(chosen) {
    if (chosen.length === 0) return { kind: "mix" };
    return chosen.length === 1 ? { kind: "stem", index: chosen[0] } : { kind: "stems", indices: chosen };
  }

  /** The gain in dB that brings a choice to the mix's loudness: 0 for the mix, null where it is too soft for that. */
  function matchedDb(choice, stems) {
    if (choice.kind === "mix" || choice.kind === "stems") return 0;
    return (choice.kind === "stem" ? stems[choice.index].gain_db : choice.gain_db) ?? null;
  }

  /** Frames to skip at the beginning of a decoded piece.
   *
   * An MP3 file begins with what the encoder and the decoder delay (`lead_s`). Most browsers cut it off as the file's
   * header says; one that does not returns that much more than was stored.
   */
  function leadFrames(decoded, stored, lead_s, rate) {
    const lead = Math.round(lead_s * rate);
    return lead > 0 && decoded - stored >= lead ? lead : 0;
  }

  /** Header of a WAV file of float32 samples. */
  function wavHeader(n_channels, rate, n_frames) {
    const header = new DataView(new ArrayBuffer(44));
    const n_bytes = n_frames * n_channels * 4;
    const text = (at, word) => [...word].forEach((letter, i) => header.setUint8(at + i, letter.charCodeAt(0)));
    text(0, "RIFF");
    header.setUint32(4, 36 + n_bytes, true);
    text(8, "WAVEfmt ");
    header.setUint32(16, 16, true);
    header.setUint16(20, 3, true); // floating point
    header.setUint16(22, n_channels, true);
    header.setUint32(24, rate, true);
    header.setUint32(28, rate * n_channels * 4, true);
    header.setUint16(32, n_channels * 4, true);
    header.setUint16(34, 32, true);
    text(36, "data");
    header.setUint32(40, n_bytes, true);
    return header.buffer;
  }

  /** 3 minutes and 5.04 seconds as 3:05.0: rounded to a tenth, as the page's headings are. */
  function clock(seconds) {
    const tenths = Math.round(10 * seconds);
    return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
  }

  audiolime.timeline = {
    layout, spanFrom, loopFrames, envelope, valueAt, part, envelopes, gaps, indices, alone, matchedDb, leadFrames,
    wavHeader, clock,
  };
})((globalThis.audiolime ??= {}));
