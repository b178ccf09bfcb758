/* The page of a map: what is chosen, heard and told, wherever it is clicked. */
"use strict";

(function (audiolime) {
  const { nNearer, isFar, similarity, bounded } = audiolime.songs;
  const { inks, radius, fitted, drawMarks } = audiolime.drawing;
  const { element } = audiolime;
  const { Path2D, ResizeObserver, fetch } = globalThis;

  /** Sounds of the songs: within the page, or asked for; one at a time. */
  class Heard {
    constructor(sounds, on) {
      Object.assign(this, { sounds, on, song: -1, request: 0, audio: document.createElement("audio") });
      this.audio.addEventListener("ended", () => this.stop());
    }

    get any() {
      return this.sounds !== null;
    }

    /** Why a song cannot be played; "" where it can, or nobody knows yet. */
    cannot(song) {
      return this.sounds?.sounds && !this.sounds.sounds[song] ? this.sounds.told[song] : "";
    }

    /** Which seconds are played, where it is known before. */
    told(song) {
      return this.sounds?.told?.[song] ?? "";
    }

    async play(song) {
      this.stop();
      const request = ++this.request;
      const cannot = this.any ? this.cannot(song) : "this page has no sounds";
      if (cannot) return this.on.failed(song, cannot);
      this.song = song;
      this.on.changed(song);
      try {
        const address = await this.#address(song);
        if (request !== this.request) return;
        this.audio.src = address;
        await this.audio.play();
      } catch (error) {
        if (request !== this.request) return;
        this.stop();
        this.on.failed(song, error.message);
      }
    }

    stop() {
      this.request += 1;
      this.audio.pause();
      if (this.song < 0) return;
      this.song = -1;
      this.on.changed(-1);
    }

    async #address(song) {
      if (this.sounds.sounds) return `data:audio/mpeg;base64,${this.sounds.sounds[song]}`;
      let answer = null;
      try {
        answer = await fetch(`excerpt/${song}`);
      } catch {
        throw new Error("the server does not answer; start it again with audiolime map … --serve");
      }
      if (!answer.ok) throw new Error((await answer.text()).trim());
      if (this.kept) URL.revokeObjectURL(this.kept);
      this.kept = URL.createObjectURL(await answer.blob());
      return this.kept;
    }
  }

  /** What is told of a song: its group, how far its place can be trusted, and its neighbours. */
  class Card {
    constructor(root, data, map, heard) {
      Object.assign(this, { root, data, map, heard });
      this.told = root.querySelector(".chosen");
    }

    show(song) {
      const { root, data, map, heard } = this;
      root.querySelector(".empty").hidden = song >= 0;
      this.told.hidden = song < 0;
      if (song < 0) return;
      root.querySelector(".song-name").textContent = data.names[song];
      root.querySelector(".song-facts").textContent = this.facts(song);
      root.querySelector(".song-play").hidden = !heard.any;
      const cannot = heard.cannot(song);
      const play = root.querySelector(".play");
      Object.assign(play, { disabled: Boolean(cannot), textContent: heard.song === song ? "Stop" : "Play" });
      play.dataset.song = song;
      root.querySelector(".heard").textContent = cannot || heard.told(song);
      const near = map.near(song);
      const lines = near.map((other, i) => this.#neighbour(song, other, i, near));
      root.querySelector(".neighbours").replaceChildren(...lines);
    }

    facts(song) {
      const { data, map } = this;
      const told = data.groups.length ? [`${data.column}: ${data.groups[data.of[song]]}`] : [];
      const marks = data.marks.filter(({ songs }) => songs.includes(song)).map(({ name }) => name);
      const stability = data.stability[song];
      const shaky = map.isShaky(song) ? ": its place means little" : "";
      if (stability !== null) told.push(`stability ${stability} %${shaky}`);
      return [...marks, ...told].join("; ");
    }

    #neighbour(song, other, i, near) {
      const { data, map } = this;
      const points = map.hasSongs ? data.views[map.view] : data.views.map;
      const line = element("li");
      const button = element("button", data.names[other], { type: "button", className: "plain" });
      button.dataset.song = other;
      line.append(button, " ", element("span", similarity(data.similar[data.k * song + i]), { className: "number" }));
      if (isFar(points, song, other, data.far, near.length)) {
        const told = `far away on this map: ${nNearer(points, song, other)} songs lie nearer`;
        line.append(element("span", told, { className: "far" }));
      }
      return line;
    }
  }

  /** A small picture of points, all alike. */
  function drawSmall(canvas, points, shape) {
    const look = { path: new Path2D(shape) };
    const draw = () => {
      const { clientWidth: width, clientHeight: height } = canvas;
      if (!width) return;
      const colors = inks(canvas);
      look.color = colors.soft;
      const camera = bounded({ width, height, zoom: 1, x: 0, y: 0 });
      drawMarks(fitted(canvas, width, height), points, camera, () => look, 0.6 * radius(points.length / 2, 1), colors);
    };
    new ResizeObserver(draw).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  }

  /** Beside the pointer: the name, and what else is told of a song. */
  function showTip(box, map, card, song) {
    const tip = box.querySelector(".tip");
    tip.hidden = song < 0 || song !== map.hovered;
    if (tip.hidden) return;
    tip.replaceChildren(element("b", map.data.names[song]), element("span", card.facts(song)));
    const [x, y] = map.placeOf(song);
    const { left, top, width, height } = box.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x - left + 14, width - tip.offsetWidth - 4))}px`;
    const below = y - top + 18;
    tip.style.top = `${below + tip.offsetHeight > height ? Math.max(4, below - tip.offsetHeight - 36) : below}px`;
  }

  /** Let exactly one of some buttons be pressed. */
  function press(buttons, pressed) {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === pressed));
  }

  audiolime.mountMap = (root) => {
    const read = (name) => JSON.parse(root.querySelector(`.${name}`).textContent);
    const [data, sounds] = [read("map-data"), read("map-sounds")];
    const one = (selector) => root.querySelector(selector);
    const all = (selector) => [...root.querySelectorAll(selector)];
    document.body.classList.add("live");
    const box = one(".canvas");
    const say = (text) => (one(".announce").textContent = text);
    let searched = null;

    const heard = new Heard(sounds, {
      changed: (song) => {
        map.sounding = song;
        map.point();
        card.show(map.shown);
        if (song >= 0) one(".message").textContent = "";
      },
      failed: (song, why) => {
        one(".message").textContent = `${data.names[song]}: ${why}`;
      },
    });

    /** Choose a song; `aloud`: play it, or stop it where it sounds. */
    function choose(song, aloud) {
      map.chosen = song;
      map.hovered = -1;
      if (!map.hasSongs) look("map");
      if (!map.allows(song)) only(null);
      map.reveal(song);
      map.point();
      card.show(song);
      showTip(box, map, card, -1);
      say(`${data.names[song]}. ${card.facts(song)}`);
      if (!aloud) return;
      if (heard.song === song) heard.stop();
      else heard.play(song);
    }

    const map = new audiolime.Canvas(box, data, {
      hover: (song) => {
        card.show(song);
        showTip(box, map, card, song);
      },
      choose: (song, aloud) => choose(song, aloud && (heard.any || heard.song >= 0)),
    });
    const card = new Card(one(".card"), data, map, heard);
    const near = (song) => map.near(song);
    const table = new audiolime.Table(root, data, { near, heard, choose });
    const search = new audiolime.Search(root, data.names, {
      found: (songs) => {
        searched = songs;
        map.matches = new Set(songs ?? []);
        map.point();
        list();
      },
      choose: (song) => choose(song, false),
      leave: () => box.focus({ preventScroll: true }),
    });

    function list() {
      table.show((searched ?? [...data.names.keys()]).filter(map.allows));
    }

    /** Show one group, or all (null). */
    function only(group) {
      map.group = group;
      press(all("[data-group]"), group === null ? null : one(`[data-group="${group}"]`));
      map.restyle();
      list();
    }

    function look(view) {
      press(all("[data-view]"), one(`[data-view="${view}"]`));
      map.show(view);
      card.show(map.shown);
      showTip(box, map, card, -1);
      say({ map: "The map", principal: "Principal components", noise: "Noise: its points are no songs" }[view]);
    }

    function paint(color) {
      map.color = color;
      press(all("[data-color]"), one(`[data-color="${color}"]`));
      map.restyle();
    }

    one(".board").addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (!button) return;
      const { view, color, zoom, group, song } = button.dataset;
      if (view) look(view);
      else if (color) paint(color);
      else if (zoom) map.zoom({ in: 1.5, out: 1 / 1.5, reset: null }[zoom]);
      else if (group) only(map.group === Number(group) ? null : Number(group));
      else if (song) choose(Number(song), button.classList.contains("play"));
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, textarea, select");
      if (event.key === "Escape") heard.stop();
      else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        search.focus();
      }
    });
    drawSmall(one("canvas.small.noise"), data.views.noise, data.shapes[0]);
    drawSmall(one("canvas.small.same"), data.views.map, data.shapes[0]);
    return { map, heard, choose, only, look, paint, search, table };
  };
})((globalThis.audiolime ??= {}));
