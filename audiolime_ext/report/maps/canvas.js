/* The map itself: what is drawn now, and what is done with pointers, the wheel and keys. */
"use strict";

(function (audiolime) {
  const songs = audiolime.songs;
  const { inks, radius, fitted, drawMarks, drawNeighbours, ring, label } = audiolime.drawing;
  const { Path2D, ResizeObserver, cancelAnimationFrame, clearTimeout } = globalThis;
  const REACH = 16; // pixels from a mark within which it is meant
  const STEP = 1.5;
  const MOVE_MS = 500;
  const CLICK_PX = 5;
  const MANY = 2000; // songs that are not drawn anew for every step of a movement
  const REST_MS = 90;
  const NARROW = 500; // pixels, in which names hide each other
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  class Canvas {
    /** `data` is what Python decided; `on` hears: hover(song), choose(song), stop(), search(). */
    constructor(box, data, on) {
      Object.assign(this, { box, data, on, view: "map", color: data.groups.length ? "group" : "stability" });
      this.n = data.names.length;
      this.points = Float64Array.from(data.views.map);
      this.camera = this.drawn = songs.bounded({ width: 1, height: 1, zoom: 1, x: 0, y: 0 });
      Object.assign(this, { group: null, hovered: -1, chosen: -1, sounding: -1, matches: new Set() });
      this.colors = inks(box);
      this.shapes = data.shapes.map((shape) => new Path2D(shape));
      [this.base, this.over] = box.querySelectorAll("canvas");
      this.looks = this.#looks();
      this.#listen();
      new ResizeObserver(() => this.resize()).observe(box);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.restyle());
      this.resize();
    }

    /** Songs are on the map and among the principal components; noise has none. */
    get hasSongs() {
      return this.view !== "noise";
    }

    /** The song whose neighbours are shown. */
    get shown() {
      return this.hovered >= 0 ? this.hovered : this.chosen;
    }

    /** The neighbours of a song in the original space, nearest first. */
    near(song) {
      const { k, near } = this.data;
      return near.slice(k * song, k * (song + 1)).filter((other) => other >= 0);
    }

    /** Whether a song is among those that are shown: of the chosen group. */
    allows = (song) => this.group === null || this.data.of[song] === this.group;

    isShaky(song) {
      const stability = this.data.stability[song];
      return stability !== null && stability < this.data.shaky;
    }

    resize() {
      const { clientWidth: width, clientHeight: height } = this.box;
      if (!width || !height) return;
      this.camera = { ...this.camera, width, height };
      this.draw();
    }

    restyle() {
      this.colors = inks(this.box);
      this.looks = this.#looks();
      this.draw();
    }

    /** Show the songs elsewhere, and let them move there, so that a song can be followed. */
    show(view) {
      const to = this.data.views[view];
      const moves = this.hasSongs && view !== "noise" && !matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.view = view;
      this.box.dataset.view = view;
      this.hovered = -1;
      this.looks = this.#looks();
      cancelAnimationFrame(this.moving);
      if (!moves) {
        this.points = Float64Array.from(to);
        this.draw();
        return;
      }
      const [from, begin] = [this.points, performance.now()];
      const step = (now) => {
        const t = Math.min(1, Math.max(0, (now - begin) / MOVE_MS));
        const eased = t * t * (3 - 2 * t);
        this.points = Float64Array.from(to, (value, i) => from[i] + (value - from[i]) * eased);
        this.draw();
        if (t < 1) this.moving = requestAnimationFrame(step);
      };
      this.moving = requestAnimationFrame(step);
    }

    /** Draw everything once the map rests: until then the picture is moved as it is, which is smooth for any number. */
    drive() {
      if (this.n < MANY) return this.draw();
      const zoom = songs.scale(this.camera) / songs.scale(this.drawn);
      const at = songs.toPixels(this.camera, ...songs.toPoint(this.drawn, 0, 0));
      this.base.style.transform = `translate(${at[0]}px, ${at[1]}px) scale(${zoom})`;
      this.point();
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.draw(), REST_MS);
    }

    /** Draw everything, once before the next picture. */
    draw() {
      this.#soon("all", () => {
        this.drawn = this.camera;
        this.base.style.transform = "none";
        const context = fitted(this.base, this.camera.width, this.camera.height);
        const size = radius(this.points.length / 2, this.camera.zoom);
        drawMarks(context, this.points, this.camera, this.looks, size, this.colors);
        this.#drawOver();
      });
    }

    /** Draw what lies over the songs: marks, matches, lines. */
    point() {
      this.#soon("over", () => this.#drawOver());
    }

    zoom(factor, px, py) {
      const whole = factor === null;
      this.camera = whole ? songs.bounded({ ...this.camera, zoom: 1 }) : songs.zoomed(this.camera, factor, px, py);
      this.box.classList.toggle("near-by", this.camera.zoom > 1);
      this.drive();
    }

    /** Move the map so that a song is seen. */
    reveal(song) {
      const [x, y] = this.data.views[this.view].slice(2 * song, 2 * song + 2);
      if (songs.inSight(this.camera, x, y)) return;
      this.camera = songs.bounded({ ...this.camera, x, y });
      this.draw();
    }

    /** Where a song is now, in pixels of the page's window. */
    placeOf(song) {
      const { left, top } = this.box.getBoundingClientRect();
      const [x, y] = songs.toPixels(this.camera, this.points[2 * song], this.points[2 * song + 1]);
      return [left + x, top + y];
    }

    #soon(what, work) {
      this.waiting ??= new Map();
      if (what === "all") this.waiting.delete("over");
      else if (this.waiting.has("all")) return;
      const begin = this.waiting.size === 0;
      this.waiting.set(what, work);
      if (!begin) return;
      requestAnimationFrame(() => {
        const works = [...this.waiting.values()];
        this.waiting.clear();
        works.forEach((one) => one());
      });
    }

    /** Song → how it is drawn; songs that look alike share one object. */
    #looks() {
      const { data, colors, view, color } = this;
      if (view === "noise") {
        const plain = { path: this.shapes[0], color: colors.soft };
        return () => plain;
      }
      const known = new Map();
      const make = (group, hollow, faded) => {
        const key = 4 * group + 2 * hollow + faded;
        if (!known.has(key)) {
          const steady = color === "stability" || group < 0;
          const path = this.shapes[steady ? 0 : group % this.shapes.length];
          const ink = steady ? (hollow ? colors.soft : colors.accent) : data.colors[group];
          known.set(key, { path, color: ink, hollow, faded });
        }
        return known.get(key);
      };
      return (song) => {
        const group = data.groups.length ? data.of[song] : -1;
        return make(group, view === "map" && this.isShaky(song), !this.allows(song));
      };
    }

    #drawOver() {
      const { camera, colors, points, data } = this;
      const context = fitted(this.over, camera.width, camera.height);
      if (!this.hasSongs) return;
      const at = (song) => songs.toPixels(camera, points[2 * song], points[2 * song + 1]);
      const size = radius(this.n, camera.zoom);
      for (const song of this.matches) ring(context, ...at(song), size + 4, colors.mark, 2, colors.paper);
      const { shown, sounding } = this;
      const labels = shown >= 0 && this.hovered < 0 ? [[data.names[shown], shown]] : [];
      for (const [song, name] of songs.marked(data.marks)) {
        ring(context, ...at(song), size + 6, colors.ink, 2.5, colors.paper);
        if (song !== shown) labels.push([camera.width < NARROW ? name : `${name}: ${data.names[song]}`, song]);
      }
      if (shown >= 0) {
        drawNeighbours(context, points, camera, { song: shown, near: this.near(shown), far: data.far }, size, colors);
        ring(context, ...at(shown), size + 5, colors.accent, 3, colors.paper);
      }
      if (sounding >= 0) ring(context, ...at(sounding), size + 9, colors.mark, 3, colors.paper);
      this.labelled = []; // boxes of labels, none upon another
      for (const [text, song] of labels) label(context, text, ...at(song), camera, colors, this.labelled);
    }

    #songAt({ clientX, clientY }) {
      if (!this.hasSongs) return -1;
      const { left, top } = this.box.getBoundingClientRect();
      const [x, y] = songs.toPoint(this.camera, clientX - left, clientY - top);
      return songs.nearestTo(this.points, x, y, REACH / songs.scale(this.camera), this.allows);
    }

    hover(song) {
      if (song === this.hovered) return;
      this.hovered = song;
      this.box.classList.toggle("on-song", song >= 0);
      this.point();
      this.on.hover(this.shown);
    }

    #listen() {
      const { box } = this;
      const down = new Map();
      let [dragged, apart] = [false, 0];
      box.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        down.set(event.pointerId, event);
        box.setPointerCapture(event.pointerId);
        if (down.size === 1) dragged = false;
        apart = spread(down);
      });
      box.addEventListener("pointermove", (event) => {
        const before = down.get(event.pointerId);
        if (!before) {
          if (event.pointerType !== "touch") this.hover(this.#songAt(event));
          return;
        }
        const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
        if (!dragged && down.size === 1 && Math.hypot(dx, dy) < CLICK_PX) return;
        dragged = true;
        down.set(event.pointerId, event);
        if (down.size === 1) {
          this.camera = songs.moved(this.camera, dx, dy);
          this.drive();
          return;
        }
        const [now, { left, top }, middle] = [spread(down), box.getBoundingClientRect(), centre(down)];
        if (apart > 0) this.zoom(now / apart, middle[0] - left, middle[1] - top);
        apart = now;
      });
      box.addEventListener("pointerup", (event) => {
        const clicked = down.delete(event.pointerId) && !dragged && down.size === 0;
        const song = clicked ? this.#songAt(event) : -1;
        if (song >= 0) this.on.choose(song, true);
      });
      box.addEventListener("pointercancel", (event) => down.delete(event.pointerId));
      box.addEventListener("pointerleave", () => this.hover(-1));
      box.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && !event.metaKey && document.activeElement !== box) return; // the page scrolls
        event.preventDefault();
        const { left, top } = box.getBoundingClientRect();
        const factor = Math.exp(-Math.max(-0.4, Math.min(0.4, event.deltaY / 300)));
        this.zoom(factor, event.clientX - left, event.clientY - top);
      }, { passive: false });
      box.addEventListener("keydown", (event) => {
        if (!event.ctrlKey && !event.metaKey && !event.altKey && this.#key(event.key)) event.preventDefault();
      });
    }

    /** Act on a key; false where it means nothing here. */
    #key(key) {
      if (key === "+" || key === "=") this.zoom(STEP);
      else if (key === "-") this.zoom(1 / STEP);
      else if (key === "0") this.zoom(null);
      else if (key in ARROWS) this.#walk(ARROWS[key]);
      else if ((key === "Enter" || key === " ") && this.chosen >= 0) this.on.choose(this.chosen, true);
      else return false;
      return true;
    }

    /** Choose the next song in a direction; at first, that in the middle of the picture. */
    #walk(direction) {
      if (!this.hasSongs) return;
      const next = this.chosen < 0 || !this.allows(this.chosen)
        ? songs.nearestTo(this.points, this.camera.x, this.camera.y, Infinity, this.allows)
        : songs.towards(this.points, this.chosen, direction, this.allows);
      if (next >= 0) this.on.choose(next, false);
    }
  }

  const spread = (down) => {
    const [one, other] = [...down.values()];
    return other ? Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) : 0;
  };
  const centre = (down) => {
    const [one, other] = [...down.values()];
    return [(one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2];
  };

  audiolime.Canvas = Canvas;
})((globalThis.audiolime ??= {}));
