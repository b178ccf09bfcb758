/* Panel 5: a song's concepts over its spectrogram, with a playhead; songs that are kept stand below each other. */
"use strict";

(function (audiolime) {
  const { made, player } = audiolime;
  const { clock } = audiolime.layout;
  const { ResizeObserver } = globalThis;
  const MOST = 3; // songs that are kept beside the one that is open

  /** Seconds between marks of time, so that they do not touch. */
  const step = (seconds, width) => [0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60].find((one) => (one / seconds) * width >= 80) ?? 60;

  /** One song: its picture, its concepts to switch, and what plays it. */
  class Lane {
    /** `page` is what all lanes share: data, sounds, pictures, colorOf(concept), and shown(): concepts that are shown. */
    constructor(page, song, kept) {
      Object.assign(this, { page, song, kept, on: new Set() });
      const { name, why } = page.data.songs[song];
      this.canvas = made("canvas");
      this.canvas.setAttribute("role", "img");
      this.playhead = made("div", { className: "playhead", hidden: true });
      this.field = made("div", { className: "field", data: { seek: song } }, this.canvas, this.playhead);
      this.axis = made("div", { className: "axis" });
      this.heard = made("div", { className: "heard-spans" });
      this.list = made("ul", { className: "switches" });
      const { found, class: of } = page.data.songs[song];
      const half = found ? "concepts were found in it" : "concepts were tested on it";
      this.node = made("article", { className: "lane", data: { lane: song } },
        made("h3", {}, name), made("p", { className: "facts" }, `${of}; ${half}`));
      this.node.setAttribute("aria-label", name);
      this.node.append(this.#tools());
      if (page.pictures.has(song)) {
        this.node.append(this.field, this.heard, this.axis, this.list);
        this.#spans();
        new ResizeObserver(() => this.draw()).observe(this.field);
      } else this.node.append(made("p", { className: "empty" }, `${why}.`));
    }

    /** A line below what can be heard, where that is not all. */
    #spans() {
      const { spans, duration } = this.page.data.songs[this.song];
      const lengths = spans.reduce((sum, [begin, end]) => sum + end - begin, 0);
      this.heard.hidden = lengths > duration - 0.1;
      if (this.heard.hidden) return;
      const told = spans.length ? "A line below the picture marks what can be heard." : "Its sound is not in this page.";
      this.list.before(made("p", { className: "facts" }, told));
      this.heard.replaceChildren(...spans.map(([begin, end]) => {
        const line = made("span");
        line.style.left = `${(100 * begin) / duration}%`;
        line.style.width = `${(100 * (end - begin)) / duration}%`;
        return line;
      }));
    }

    #tools() {
      const { name, spans } = this.page.data.songs[this.song];
      const tools = made("div", { className: "buttons" });
      if (spans?.length) tools.append(player("Play", `Play ${name}`, `song ${this.song}`));
      const keep = made("button", { type: "button", data: { keep: this.song } }, this.kept ? "Let go" : "Keep for comparison");
      tools.append(keep);
      if (this.page.pictures.has(this.song)) {
        tools.append(made("button", { type: "button", data: { all: this.song } }, "All concepts"));
        tools.append(made("button", { type: "button", data: { none: this.song } }, "None"));
      }
      return tools;
    }

    /** The concepts of the song, those with most patches first, as [concept, number of patches]. */
    concepts() {
      const counts = new Map();
      for (const own of this.page.data.songs[this.song].of ?? []) {
        for (const concept of own) if (concept >= 0) counts.set(concept, (counts.get(concept) ?? 0) + 1);
      }
      return [...counts].sort(([one, n], [other, m]) => m - n || one - other);
    }

    /** Show the concepts that are shown elsewhere, and let the others go. */
    reset() {
      const here = new Set(this.concepts().map(([concept]) => concept));
      this.on = new Set(this.page.shown().filter((concept) => here.has(concept)));
      this.#list();
      this.draw();
    }

    set(which) {
      this.on = new Set(which === "all" ? this.concepts().map(([concept]) => concept) : []);
      this.#list();
      this.draw();
    }

    toggle(concept, on) {
      this.on[on ? "add" : "delete"](concept);
      this.draw();
    }

    #list() {
      const { data, colorOf } = this.page;
      const rows = this.concepts().map(([concept, n]) => {
        const box = made("input", { type: "checkbox", checked: this.on.has(concept), data: { shows: concept } });
        const swatch = made("span", { className: "swatch" });
        swatch.style.background = colorOf(concept);
        const count = made("span", { className: "number" }, String(n));
        count.title = n === 1 ? "1 patch" : `${n} patches`;
        return made("li", {}, made("label", {}, box, swatch, data.concepts[concept].name, count));
      });
      if (!rows.length) rows.push(made("li", { className: "facts" }, "No patch of this song belongs to a concept."));
      this.list.replaceChildren(...rows);
    }

    async draw() {
      if (!this.page.pictures.has(this.song) || !this.field.clientWidth) return;
      const { data, colorOf } = this.page;
      const colors = new Map([...this.on].map((concept) => [concept, colorOf(concept)]));
      const names = [...this.on].map((concept) => data.concepts[concept].name).join(", ") || "no concept";
      this.canvas.setAttribute("aria-label", `Spectrogram of ${data.songs[this.song].name}; shown: ${names}`);
      await this.page.pictures.song(this.canvas, this.song, colors);
      const { start, duration } = data.songs[this.song];
      const every = step(duration, this.field.clientWidth);
      const marks = [];
      for (let at = Math.ceil(start / every) * every; at < start + duration - every / 3; at += every) {
        const mark = made("span", {}, clock(at));
        mark.style.left = `${(100 * (at - start)) / duration}%`;
        marks.push(mark);
      }
      this.axis.replaceChildren(...marks);
    }

    /** Where the sound is now; null: nowhere. */
    moved(second) {
      this.playhead.hidden = second === null;
      if (second === null) return;
      this.playhead.style.left = `${(100 * second) / this.page.data.songs[this.song].duration}%`;
    }
  }

  /** The song that is open, and those that are kept. */
  class Lanes {
    constructor(box, page) {
      Object.assign(this, { box, page, lanes: [], kept: [], open: null });
    }

    show(song) {
      this.open = song;
      this.#draw();
    }

    keep(song) {
      if (this.kept.includes(song)) this.kept = this.kept.filter((one) => one !== song);
      else this.kept = [...this.kept, song].slice(-MOST);
      this.#draw();
    }

    of(song) {
      return this.lanes.find((lane) => lane.song === song);
    }

    reset() {
      for (const lane of this.lanes) lane.reset();
    }

    #draw() {
      const songs = [...new Set([this.open, ...this.kept])].filter((song) => song !== null);
      this.lanes = songs.map((song) => new Lane(this.page, song, this.kept.includes(song)));
      this.box.replaceChildren(...this.lanes.map(({ node }) => node));
      this.reset();
    }
  }

  Object.assign(audiolime, { Lanes });
})((globalThis.audiolime ??= {}));
