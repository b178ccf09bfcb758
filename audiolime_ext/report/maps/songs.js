/* What is asked about the songs of a map: pure functions, tested without a browser.
 *
 * Points are [x0, y0, x1, y1, …] in whole numbers from 0 to SIDE. A camera is {width, height, zoom, x, y}: the point in
 * the middle of the picture, and how many times the whole map is enlarged.
 */
"use strict";

(function (audiolime) {
  const SIDE = 10_000;
  const EDGE = 24; // pixels that stay free around the whole map
  const MOST_ZOOM = 60;

  const scale = ({ width, height, zoom }) => (zoom * Math.max(1, Math.min(width, height) - 2 * EDGE)) / SIDE;

  /** Where a point is in the picture, in pixels. */
  function toPixels(camera, x, y) {
    const s = scale(camera);
    return [camera.width / 2 + (x - camera.x) * s, camera.height / 2 + (y - camera.y) * s];
  }

  /** What point a pixel shows. */
  function toPoint(camera, px, py) {
    const s = scale(camera);
    return [camera.x + (px - camera.width / 2) / s, camera.y + (py - camera.height / 2) / s];
  }

  /** The camera after zooming by a factor, with the point under a pixel where it was. */
  function zoomed(camera, factor, px = camera.width / 2, py = camera.height / 2) {
    const zoom = Math.min(MOST_ZOOM, Math.max(1, camera.zoom * factor));
    const [x, y] = toPoint(camera, px, py);
    const s = scale({ ...camera, zoom });
    return bounded({ ...camera, zoom, x: x - (px - camera.width / 2) / s, y: y - (py - camera.height / 2) / s });
  }

  /** The camera moved by pixels. */
  function moved(camera, dx, dy) {
    const s = scale(camera);
    return bounded({ ...camera, x: camera.x - dx / s, y: camera.y - dy / s });
  }

  /** A camera whose middle lies on the map; of the whole map, its middle. */
  function bounded(camera) {
    if (camera.zoom <= 1) return { ...camera, zoom: 1, x: SIDE / 2, y: SIDE / 2 };
    const within = (value) => Math.min(SIDE, Math.max(0, value));
    return { ...camera, x: within(camera.x), y: within(camera.y) };
  }

  /** Whether a point is seen, `margin` pixels from the edge. */
  function inSight(camera, x, y, margin = 16) {
    const [px, py] = toPixels(camera, x, y);
    return px >= margin && py >= margin && px <= camera.width - margin && py <= camera.height - margin;
  }

  const distance2 = (points, i, x, y) => (points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2;

  /** The number of the point that is nearest to a place and not farther than `most`; −1: there is none. */
  function nearestTo(points, x, y, most = Infinity, allowed = () => true) {
    let [best, least] = [-1, most ** 2];
    for (let i = 0; i < points.length / 2; i++) {
      const d = distance2(points, i, x, y);
      if (d <= least && allowed(i)) [best, least] = [i, d];
    }
    return best;
  }

  /** The nearest point to the right of another, or left, above, below: within 45° of that direction; −1: none. */
  function towards(points, from, [dx, dy], allowed = () => true) {
    let [best, least] = [-1, Infinity];
    for (let i = 0; i < points.length / 2; i++) {
      const [x, y] = [points[2 * i] - points[2 * from], points[2 * i + 1] - points[2 * from + 1]];
      const along = x * dx + y * dy;
      const aside = Math.abs(x * dy - y * dx);
      if (i === from || along <= 0 || aside > along || !allowed(i)) continue;
      const d = x * x + y * y;
      if (d < least) [best, least] = [i, d];
    }
    return best;
  }

  /** How many songs lie nearer to a song on the map than another one. */
  function nNearer(points, from, other) {
    const [x, y] = [points[2 * from], points[2 * from + 1]];
    const d = distance2(points, other, x, y);
    let n = 0;
    for (let i = 0; i < points.length / 2; i++) if (i !== from && i !== other && distance2(points, i, x, y) < d) n += 1;
    return n;
  }

  /** Whether a neighbour in the original space is torn away: farther than `far`, with more than `k` songs between. */
  const isFar = (points, from, other, far, k) =>
    distance2(points, from, points[2 * other], points[2 * other + 1]) > far ** 2 && nNearer(points, from, other) > k;

  /** Song → how it is marked, each once: one that is the query, too, is drawn as that. */
  const marked = (marks) => new Map([...marks].reverse().flatMap(({ name, songs }) => songs.map((song) => [song, name])));

  /** The top of a line of text from `left` to `right`, as near to `top` as it fits between those that are `taken`. */
  function free(taken, { left, right, top }, height, most) {
    const clear = (at) =>
      taken.every((box) => at + height <= box.top || at >= box.bottom || right <= box.left || left >= box.right);
    for (let step = 0; step <= taken.length * 2; step++) {
      const sides = step ? [top + step * (height / 2 + 1), top - step * (height / 2 + 1)] : [top];
      const found = sides.find((at) => clear(at) && (step === 0 || (at >= 0 && at + height <= most)));
      if (found !== undefined) return found;
    }
    return top;
  }

  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  /** Songs whose names hold every word of a text, in any order; those that begin with it come first. */
  function matching(names, text) {
    const words = folded(text).split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    const found = [...names.keys()].filter((i) => words.every((word) => names[i].includes(word)));
    const first = (i) => (names[i].startsWith(words[0]) ? 0 : 1);
    return found.sort((one, other) => first(one) - first(other) || one - other);
  }

  /** The songs in another order: by "name", "group" or "stability" (steady ones first), or as they are. */
  function sorted(songs, by, data, downward = false) {
    const { names, of, groups, stability } = data;
    const compare = {
      name: (i, j) => names[i].localeCompare(names[j], "en", { numeric: true, sensitivity: "base" }),
      group: (i, j) => groups[of[i]].localeCompare(groups[of[j]], "en", { numeric: true }),
      stability: (i, j) => (stability[j] ?? -1) - (stability[i] ?? -1),
    }[by];
    if (!compare) return songs;
    const sign = downward ? -1 : 1;
    return [...songs].sort((i, j) => sign * compare(i, j) || i - j);
  }

  /** A similarity from thousandths as it is written. */
  function similarity(thousandths) {
    const number = (Math.abs(thousandths) / 1000).toFixed(2);
    return thousandths < 0 && Number(number) ? `−${number}` : number;
  }

  audiolime.songs = {
    SIDE, scale, toPixels, toPoint, zoomed, moved, bounded, inSight, nearestTo, towards, nNearer, isFar, marked,
    free, folded, matching, sorted, similarity,
  };
})((globalThis.audiolime ??= {}));
