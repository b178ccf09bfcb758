/* The page of concepts: what is chosen, pinned, pointed at and heard, in all five panels at once. */
"use strict";

(function (audiolime) {
  const { Swarm, GroupsPicture, Sounds, Pictures, Lanes, listNear, listPatches, drawRadar, lightSong, made } = audiolime;
  const { asked, address, signed } = audiolime.layout;
  const { location } = globalThis;
  const PALETTE = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#995544", "#666677"];
  const MOST_PINS = 3;

  class Page {
    constructor(root) {
      const read = (name) => JSON.parse(root.querySelector(`.${name}`).textContent);
      const [data, media] = [read("concepts-data"), read("concepts-media")];
      Object.assign(this, { root, data, media, pins: [], chosen: 0, song: null });
      this.sounds = new Sounds(media, data.songs, {
        changed: (playing) => this.#sounding(playing),
        moved: (song, second) => this.#moved(song, second),
        failed: (why) => (this.one(".message").textContent = why),
      });
      this.pictures = new Pictures(media, data.songs, data.splits);
      const on = {
        point: (dot) => this.point(dot ? dot.concept : -1, dot?.mark),
        choose: (dot) => this.choose(dot.concept),
        pin: (dot) => this.pin(dot.concept),
      };
      this.views = [new Swarm(this.one(".swarm"), data, on)];
      if (data.groups) this.views.push(new GroupsPicture(this.one(".groups-picture"), data, on));
      this.lanes = new Lanes(this.one(".lanes"), {
        data,
        sounds: this.sounds,
        pictures: this.pictures,
        colorOf: (concept) => this.colorOf(concept),
        shown: () => this.shown,
      });
      this.#listen();
      this.#open();
    }

    one(selector) {
      return this.root.querySelector(selector);
    }

    /** The concepts that stand side by side: those that are pinned, and the chosen one. */
    get shown() {
      return [...new Set([...this.pins, this.chosen])];
    }

    colorOf(concept) {
      const at = this.shown.indexOf(concept);
      if (at >= 0) return PALETTE[at];
      const own = [...this.data.concepts.keys()].filter((one) => this.data.concepts[one].of === this.data.concepts[concept].of);
      const left = PALETTE.slice(this.shown.length);
      return left[own.filter((one) => !this.shown.includes(one)).indexOf(concept) % left.length];
    }

    /** Concepts near to another one: of its group, or of a like direction. */
    near(concept) {
      if (concept < 0) return new Set();
      const { groups, concepts } = this.data;
      const group = groups?.of.find(([one]) => one === concept)?.[1];
      const own = group === undefined ? [] : groups.of.filter(([, other]) => other === group).map(([one]) => one);
      return new Set([...own, ...concepts[concept].near.map(([one]) => one)]);
    }

    /** Light a concept, and those near to it, everywhere; −1: none. */
    point(concept, mark) {
      if (concept === this.pointed?.concept && mark === this.pointed.mark) return;
      this.pointed = { concept, mark };
      const near = this.near(concept);
      for (const view of this.views) view.light(concept, near);
      for (const card of this.root.querySelectorAll("[data-card]")) {
        card.classList.toggle("lit", Number(card.dataset.card) === concept);
      }
      for (const row of this.root.querySelectorAll("tr[data-row]")) {
        const own = Number(row.dataset.row);
        row.classList.toggle("lit", own === concept);
        row.classList.toggle("kin", near.has(own) && own !== concept);
      }
      this.one(".readout").classList.toggle("pointed", concept >= 0);
      this.one(".readout").textContent = concept < 0 ? this.one(".readout").dataset.empty : this.#told(concept, mark);
    }

    #told(concept, mark) {
      const { name, of, near, flags } = this.data.concepts[concept];
      const row = mark ?? this.views[0].marks.find((one) => one.concept === concept);
      const parts = [of < 0 && row ? `${name} for ${this.data.classes[row.row]}` : name];
      if (row) {
        parts.push(row.told);
        if (row.low !== null) parts.push(`95 % interval ${signed(row.low)} to ${signed(row.high)}`);
        if (row.band) parts.push(`95 % of random concepts have ${row.band.map(signed).join(" to ")}`);
      }
      if (flags) parts.push("suspect");
      const names = near.map(([other]) => this.data.concepts[other].name);
      if (names.length) parts.push(`near: ${names.join(", ")}`);
      return `${parts.join("; ")}.`;
    }

    choose(concept) {
      this.chosen = concept;
      this.#draw();
      const { patches, name } = this.data.concepts[concept];
      this.open(patches[0]?.song ?? this.song);
      this.one(".announce").textContent = `${name} is chosen.`;
      this.#keep();
    }

    pin(concept) {
      if (this.pins.includes(concept)) this.pins = this.pins.filter((one) => one !== concept);
      else this.pins = [...this.pins, concept].slice(-MOST_PINS);
      this.#draw();
      this.lanes.reset();
      const how = this.pins.includes(concept) ? "kept for comparison" : "let go";
      this.one(".announce").textContent = `${this.data.concepts[concept].name} is ${how}.`;
      this.#keep();
    }

    open(song) {
      this.song = song;
      this.#songs();
      this.one(".song-choice").value = String(song);
      this.lanes.show(song);
      this.#lit();
      this.#keep();
    }

    /** Write what is shown into the address. */
    #keep() {
      const name = (concept) => this.data.concepts[concept].name;
      const song = this.song === null ? null : this.data.songs[this.song].name;
      const to = address({ concept: name(this.chosen), song, pins: this.pins.map(name) });
      if (to !== location.hash) history.replaceState(null, "", to);
    }

    /** Show what the address asks for; where it asks for nothing, the strongest concept. */
    #open() {
      const { concept, song, pins } = asked(location.hash);
      const find = (name) => this.data.concepts.findIndex((one) => one.name === name);
      this.pins = pins.map(find).filter((one) => one >= 0).slice(-MOST_PINS);
      const strength = ([one, , effect, , , , sure]) => [this.data.concepts[one].of >= 0, sure, Math.abs(effect)];
      const stronger = (a, b) => [0, 1, 2].reduce((sum, i) => sum || strength(b)[i] - strength(a)[i], 0);
      const strongest = [...this.data.marks].sort(stronger)[0]?.[0] ?? 0;
      const found = find(concept);
      if (!this.data.concepts.length) return;
      this.chosen = found >= 0 ? found : strongest;
      this.#draw();
      const first = this.data.concepts[this.chosen].patches[0]?.song;
      const named = this.data.songs.findIndex((one) => one.name === song);
      this.open(named >= 0 ? named : first ?? this.song ?? 0);
      if (concept && found < 0) this.one(".message").textContent = `There is no concept ${concept} in this page.`;
    }

    /** The songs to choose from: of the classes of the concepts that are shown. */
    #songs() {
      const { data } = this;
      const classes = new Set(this.shown.map((one) => data.classes[data.concepts[one].of] ?? null));
      const every = classes.has(null);
      const options = [...data.songs.entries()]
        .filter(([n, song]) => every || classes.has(song.class) || n === this.song)
        .map(([n, song]) => {
          const lacking = this.pictures.has(n) ? "" : " (not in this page)";
          return made("option", { value: String(n) }, `${song.name}${lacking}`);
        });
      this.one(".song-choice").replaceChildren(...options);
    }

    #draw() {
      const colors = new Map(this.shown.map((concept) => [concept, this.colorOf(concept)]));
      for (const view of this.views) view.ring(colors, this.chosen);
      listNear(this.one(".near-list"), this.data, this.chosen);
      this.one(".near-of").textContent = this.data.concepts[this.chosen].name;
      this.one(".cards").replaceChildren(...this.shown.map((concept) => this.#card(concept)));
      for (const card of this.root.querySelectorAll("[data-card]")) this.#fill(card);
      for (const row of this.root.querySelectorAll("tr[data-row]")) {
        row.setAttribute("aria-current", String(colors.has(Number(row.dataset.row))));
      }
      this.#lit();
    }

    /** A concept in words, its patches and its radar. */
    #card(concept) {
      const { name, told } = this.data.concepts[concept];
      const card = this.one(".card-form").content.firstElementChild.cloneNode(true);
      card.dataset.card = concept;
      card.setAttribute("aria-label", name);
      card.querySelector(".name").textContent = name;
      card.querySelector(".swatch").style.background = this.colorOf(concept);
      const pin = card.querySelector("[data-pin]");
      pin.dataset.pin = concept;
      pin.setAttribute("aria-pressed", String(this.pins.includes(concept)));
      pin.textContent = this.pins.includes(concept) ? "Let go" : "Keep for comparison";
      card.querySelector(".sentences").append(...told.map(([kind, text]) => made("p", { className: kind }, text)));
      return card;
    }

    /** What needs the card's width: pictures are drawn once it stands in the page. */
    #fill(card) {
      const { data, sounds, pictures } = this;
      const concept = Number(card.dataset.card);
      const why = listPatches(card.querySelector(".patches"), { data, concept, sounds, pictures });
      card.querySelector(".why").textContent = why;
      const radar = card.querySelector(".radar-part");
      if (!data.features || !data.concepts[concept].patches.length) radar.remove();
      else if (!drawRadar(radar.querySelector("svg"), radar.querySelector("ul"), data, concept)) radar.querySelector("svg").remove();
      radar.style.setProperty("--own", this.colorOf(concept));
    }

    #sounding(playing) {
      if (!playing) this.#moved(null, null);
      this.#lit();
      if (playing) this.one(".message").textContent = "";
    }

    /** Press the button of what sounds. */
    #lit() {
      const id = this.sounds.playing?.id;
      for (const button of this.root.querySelectorAll("[data-play]")) {
        button.setAttribute("aria-pressed", String(button.dataset.play === id));
      }
    }

    #moved(song, second) {
      for (const lane of this.lanes.lanes) lane.moved(lane.song === song ? second : null);
      const id = this.sounds.playing?.id.replace(/^(alone|context) /, "");
      for (const seen of this.root.querySelectorAll("[data-window]")) {
        const head = seen.querySelector(".playhead");
        head.hidden = song === null || seen.dataset.window !== id;
        if (head.hidden) continue;
        const [begin, end] = this.sounds.spanOf(this.#patch(id));
        head.style.left = `${(100 * (second - begin)) / (end - begin)}%`;
      }
    }

    #patch(id) {
      const [concept, i] = id.split(" ").map(Number);
      return this.data.concepts[concept].patches[i];
    }

    play(id) {
      const [kind, ...rest] = id.split(" ");
      if (kind === "alone") this.sounds.alone(this.#patch(rest.join(" ")), id);
      else if (kind === "context") this.sounds.context(this.#patch(rest.join(" ")), id);
      else if (this.sounds.playing?.id === id) this.sounds.stop();
      else this.sounds.song(Number(rest[0]), 0, id);
    }

    #click({ target, clientX }) {
      const button = target.closest("button, .field, .blob");
      if (!button) return;
      const { play, pin, song, concept, keep, all, none, seek, go } = button.dataset;
      if (play) this.play(play);
      else if (pin) this.pin(Number(pin));
      else if (song) this.open(Number(song));
      else if (concept) this.choose(Number(concept));
      else if (keep) this.lanes.keep(Number(keep));
      else if (all) this.lanes.of(Number(all)).set("all");
      else if (none) this.lanes.of(Number(none)).set("none");
      else if (go) this.#go(go);
      else if (seek && this.data.songs[seek].spans?.length) {
        const { left, width } = button.getBoundingClientRect();
        const second = ((clientX - left) / width) * this.data.songs[seek].duration;
        this.sounds.song(Number(seek), second, `song ${seek}`);
      }
    }

    /** Lead to a panel. */
    #go(id) {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const heading = this.one(`#${id}`);
      heading.scrollIntoView({ behavior: still ? "auto" : "smooth" });
      heading.focus({ preventScroll: true });
    }

    #listen() {
      const { root } = this;
      root.addEventListener("click", (event) => this.#click(event));
      root.addEventListener("change", ({ target }) => {
        if (target.matches(".song-choice")) this.open(Number(target.value));
        const shows = target.dataset.shows;
        if (shows) this.lanes.of(Number(target.closest("[data-lane]").dataset.lane)).toggle(Number(shows), target.checked);
      });
      root.addEventListener("keydown", ({ key }) => {
        if (key === "Escape") this.sounds.stop();
      });
      window.addEventListener("hashchange", () => this.#open());
      for (const name of ["pointermove", "focusin"]) {
        root.addEventListener(name, ({ target }) => {
          const own = target.closest?.(".blob, [data-radar]");
          for (const card of root.querySelectorAll("[data-card]")) {
            lightSong(card, card.contains(own) ? (own.dataset.radar ?? own.dataset.song) : null);
          }
          const row = target.closest?.("tr[data-row], .near-list [data-concept]");
          if (row) this.point(Number(row.dataset.row ?? row.dataset.concept));
          else if (name === "pointermove" && !target.closest?.(".dot")) this.point(-1);
        });
      }
    }
  }

  audiolime.mountConcepts = (root) => {
    document.body.classList.add("live");
    return new Page(root);
  };
})((globalThis.audiolime ??= {}));
