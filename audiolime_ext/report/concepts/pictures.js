/* Spectrograms of songs, and which patch holds which pixel of them: drawn whole, or a window at a time. */
"use strict";

(function (audiolime) {
  const { Image } = globalThis;
  const FRAME = 0.62; // opacity of what covers all that is of no concept

  /** Red, green and blue of a colour such as "#0072B2". */
  const parts = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

  function loaded(address) {
    return new Promise((resolve, reject) => {
      const image = new Image();
      image.onload = () => resolve(image);
      image.onerror = () => reject(new Error("a picture of the page cannot be read"));
      image.src = address;
    });
  }

  /** The pictures of the songs; each is decoded when it is first drawn, and kept. */
  class Pictures {
    constructor(media, songs, splits) {
      Object.assign(this, { media, songs, splits, kept: new Map() });
    }

    has(song) {
      return Boolean(this.media.songs[song]);
    }

    /** {image, labels, width, height}: labels[split][row · width + column] is a patch's number plus 1, or 0. */
    of(song) {
      if (!this.kept.has(song)) this.kept.set(song, this.#read(song));
      return this.kept.get(song);
    }

    async #read(song) {
      const [picture, drawn] = this.media.songs[song];
      const [image, sheet] = await Promise.all([
        loaded(`data:image/jpeg;base64,${picture}`),
        loaded(`data:image/png;base64,${drawn}`),
      ]);
      const { width, height } = image;
      const canvas = Object.assign(document.createElement("canvas"), { width: sheet.width, height: sheet.height });
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(sheet, 0, 0);
      const { data } = context.getImageData(0, 0, sheet.width, sheet.height);
      const labels = this.splits.map((_, split) => {
        const from = split * width * height;
        return Array.from({ length: width * height }, (__, i) => data[4 * (from + i)]);
      });
      return { image, labels, width, height };
    }

    /** Draw some seconds of a song with the outline of one patch. */
    async patch(canvas, patch, [begin, end]) {
      const { image, labels, width, height } = await this.of(patch.song);
      const { duration } = this.songs[patch.song];
      const columns = [(width * begin) / duration, (width * end) / duration];
      const context = sized(canvas);
      const { width: w, height: h } = canvas;
      context.imageSmoothingEnabled = true;
      context.drawImage(image, columns[0], 0, columns[1] - columns[0], height, 0, 0, w, h);
      const own = labels[this.splits.indexOf(patch.split)];
      const holds = (x, y) => {
        const column = Math.min(width - 1, Math.floor(columns[0] + ((columns[1] - columns[0]) * (x + 0.5)) / w));
        return own[Math.floor(((y + 0.5) * height) / h) * width + column] === patch.number + 1;
      };
      paint(context, w, h, (x, y) => (holds(x, y) ? 1 : 0), [null, [255, 255, 255]], { veil: 0.45, fill: 0 });
    }

    /** Draw a song with the patches of some concepts, each in its colour; `colors` is concept → colour. */
    async song(canvas, song, colors) {
      const { image, labels, width, height } = await this.of(song);
      const context = sized(canvas);
      const { width: w, height: h } = canvas;
      context.imageSmoothingEnabled = true;
      context.drawImage(image, 0, 0, w, h);
      const concepts = [...colors.keys()];
      const inks = [null, ...concepts.map((concept) => parts(colors.get(concept)))];
      const { of } = this.songs[song];
      const held = labels.map((own, split) => own.map((label) => (label ? 1 + concepts.indexOf(of[split][label - 1]) : 0)));
      const owner = (x, y) => {
        const at = Math.floor(((y + 0.5) * height) / h) * width + Math.min(width - 1, Math.floor(((x + 0.5) * width) / w));
        for (const own of held) if (own[at]) return own[at];
        return 0;
      };
      paint(context, w, h, owner, inks, { veil: concepts.length ? FRAME : 0, fill: 0.3 });
    }
  }

  /** A context of a canvas with as many pixels as it has on the screen. */
  function sized(canvas) {
    const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    return canvas.getContext("2d", { willReadFrequently: true });
  }

  /** Cover what nobody owns with a veil, tint what is owned, and draw the edges of each owner's parts. */
  function paint(context, w, h, owner, inks, { veil, fill }) {
    const pixels = context.getImageData(0, 0, w, h);
    const owners = new Uint8ClampedArray(w * h);
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) owners[y * w + x] = owner(x, y);
    const thick = w > 500 ? 2 : 1;
    const edge = (x, y, own) => {
      for (const [dx, dy] of [[thick, 0], [-thick, 0], [0, thick], [0, -thick]]) {
        const [left, top] = [x + dx, y + dy];
        if (left >= 0 && top >= 0 && left < w && top < h && owners[top * w + left] !== own) return true;
      }
      return false;
    };
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const own = owners[y * w + x];
        const ink = inks[own];
        const share = !ink ? veil : edge(x, y, own) ? 1 : fill;
        const at = 4 * (y * w + x);
        for (let c = 0; c < 3; c++) {
          pixels.data[at + c] = pixels.data[at + c] * (1 - share) + (ink ? ink[c] : 40) * share;
        }
      }
    }
    context.putImageData(pixels, 0, 0);
  }

  audiolime.Pictures = Pictures;
})((globalThis.audiolime ??= {}));
