/* A map's songs as they are drawn: shapes, colours, rings and lines. */
"use strict";

(function (audiolime) {
  const { scale, toPixels, isFar, free } = audiolime.songs;
  const MARGIN = 12;
  const LINE = 17; // pixels of a label's height

  /** The colours of the page as it is now: light or dark. */
  function inks(element) {
    const style = getComputedStyle(element);
    const named = (name) => style.getPropertyValue(name).trim();
    const [ink, soft, accent] = ["--ink", "--soft", "--accent"].map(named);
    return { ink, soft, accent, paper: named("--map"), faint: named("--faint"), mark: named("--mark") };
  }

  /** Pixels from the middle of a mark to its edge: few where there are many songs, more where one looks closely. */
  function radius(n, zoom) {
    const base = n > 4000 ? 2.1 : n > 1000 ? 2.9 : n > 300 ? 4 : 5.2;
    return Math.min(9, base * Math.min(3, zoom ** 0.45));
  }

  /** A canvas as large as its box, on screens of any density; its context, scaled to pixels of the page. */
  function fitted(canvas, width, height) {
    const density = Math.min(3, window.devicePixelRatio || 1);
    const [w, h] = [Math.round(width * density), Math.round(height * density)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const context = canvas.getContext("2d");
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  /** One mark as a small picture, which is drawn faster than its path: fill, edge, and how faded it is. */
  function stamp(look, key, size, density, colors) {
    if (look.stamp?.key === key) return look.stamp;
    const half = Math.ceil(1.4 * size + 1);
    const side = Math.ceil(2 * half * density);
    const picture = Object.assign(document.createElement("canvas"), { width: side, height: side });
    const context = picture.getContext("2d");
    context.setTransform(size * density, 0, 0, size * density, half * density, half * density);
    context.lineWidth = look.hollow ? Math.max(0.75 / size, 0.28) : Math.max(0.5 / size, 0.12);
    context.globalAlpha = look.faded ? 0.5 : 0.95;
    context.fillStyle = look.faded ? colors.faint : look.hollow ? colors.paper : look.color;
    context.fill(look.path);
    context.strokeStyle = look.hollow ? look.color : colors.paper;
    if (!look.faded) context.stroke(look.path);
    look.stamp = { key, picture, half };
    return look.stamp;
  }

  /** Draw all marks; `looks` has {path, color, hollow, faded} of each. Faded ones come first, and hide nothing. */
  function drawMarks(context, points, camera, looks, size, colors) {
    const density = context.getTransform().a;
    const key = `${size} ${density} ${colors.paper}`;
    const s = scale(camera);
    const [left, top] = toPixels(camera, 0, 0);
    const [right, bottom] = [camera.width + MARGIN, camera.height + MARGIN];
    for (const faded of [true, false]) {
      for (let i = 0; i < points.length / 2; i++) {
        const [x, y] = [left + s * points[2 * i], top + s * points[2 * i + 1]];
        if (x < -MARGIN || y < -MARGIN || x > right || y > bottom) continue;
        const look = looks(i);
        if (Boolean(look.faded) !== faded) continue;
        const { picture, half } = stamp(look, key, size, density, colors);
        context.drawImage(picture, x - half, y - half, 2 * half, 2 * half);
      }
    }
  }

  /** Lines from a song to its neighbours in the original space: dashed to those that are far away on the map. */
  function drawNeighbours(context, points, camera, { song, near, far }, size, colors) {
    const [x, y] = toPixels(camera, points[2 * song], points[2 * song + 1]);
    near.forEach((other) => {
      const [ox, oy] = toPixels(camera, points[2 * other], points[2 * other + 1]);
      const torn = isFar(points, song, other, far, near.length);
      context.beginPath();
      context.setLineDash(torn ? [5, 4] : []);
      const away = Math.hypot(ox - x, oy - y);
      const [dx, dy] = [(ox - x) / away || 0, (oy - y) / away || 0]; // from ring to ring, so that marks are seen
      if (away > 2 * size + 9) {
        context.moveTo(x + dx * (size + 6), y + dy * (size + 6));
        context.lineTo(ox - dx * (size + 3), oy - dy * (size + 3));
      }
      context.lineWidth = 4;
      context.strokeStyle = colors.paper;
      context.stroke();
      context.lineWidth = 1.5;
      context.strokeStyle = colors.ink;
      context.stroke();
      context.setLineDash([]);
      ring(context, ox, oy, size + 3, colors.ink, 1.5, colors.paper);
    });
  }

  /** A ring around a mark, with a light edge, so that it is seen upon anything. */
  function ring(context, x, y, size, color, width, paper) {
    for (const [stroke, thick] of [[paper, width + 2.5], [color, width]]) {
      context.beginPath();
      context.arc(x, y, size, 0, 2 * Math.PI);
      context.lineWidth = thick;
      context.strokeStyle = stroke;
      context.stroke();
    }
  }

  /** A few words beside a mark, on the side where there is room, and off the labels that are `taken`. */
  function label(context, text, x, y, camera, colors, taken) {
    context.font = "600 13px system-ui, sans-serif";
    const short = text.length > 40 ? `${text.slice(0, 39)}…` : text;
    const { width } = context.measureText(short);
    const left = x + 12 + width > camera.width ? Math.max(2, x - 12 - width) : x + 12;
    const top = free(taken, { left, right: left + width, top: y - LINE / 2 }, LINE, camera.height);
    taken.push({ left, right: left + width, top, bottom: top + LINE });
    context.textBaseline = "middle";
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.strokeStyle = colors.paper;
    context.strokeText(short, left, top + LINE / 2);
    context.fillStyle = colors.ink;
    context.fillText(short, left, top + LINE / 2);
  }

  audiolime.drawing = { inks, radius, fitted, drawMarks, drawNeighbours, ring, label };
})((globalThis.audiolime ??= {}));
