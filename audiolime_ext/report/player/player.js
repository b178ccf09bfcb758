/* The player of one recording: its state, and what is seen of it (see player.html.j2, sound.js, layers.js and controls.js).
 *
 *   const player = audiolime.mountPlayer(root);      // or audiolime.mountAll(document)
 *
 * Events on the root: "audiolime:time" {position}, "audiolime:choice" {choice, muted, gain_db}, "audiolime:state"
 * {state: "paused" | "loading" | "playing" | "failed"}.
 */
"use strict";

(function (audiolime) {
  const { envelopes, gaps, indices, alone, matchedDb, clock } = audiolime.timeline;
  const TIME_MS = 100; // between two time events
  const mounted = new WeakMap();
  audiolime.sounding ??= null; // the one player of the page that sounds

  class Player {
    constructor(root) {
      this.root = root;
      this.data = JSON.parse(root.querySelector("script.audiolime-data").textContent);
      const stored = new Map();
      for (const element of root.querySelectorAll("script[data-piece]"))
        stored.set(`${element.dataset.stem}/${element.dataset.piece}`, element);
      this.sound = new audiolime.Sound(this.data, stored, (error) => this.#setState(error ? "failed" : "paused"));
      this.state = "paused";
      this.choice = { kind: "mix" };
      this.muted = new Set();
      this.options = { matched: false, asHeard: false };
      this.selection = null; // [begin, end] in seconds
      this.begin = null; // of a selection that has no end yet
      this.looping = false;
      this.explanation = null;
      this.layers = new audiolime.Layers(this);
      audiolime.bindControls(this);
      this.show();
      this.layers.show();
      root.classList.add("ready");
    }

    get context() {
      return this.sound.context;
    }

    get output() {
      return this.sound.output;
    }

    /** Bytes of decoded audio: {now, peak}. */
    get decoded() {
      return this.sound.pieces.bytes;
    }

    position() {
      return this.sound.position();
    }

    async play() {
      if (audiolime.sounding && audiolime.sounding !== this) audiolime.sounding.pause();
      audiolime.sounding = this;
      let from = this.position() >= this.data.duration_s - 0.01 ? 0 : this.position();
      const [begin, end] = this.#loop() ?? [0, Infinity];
      if (from < begin || from >= end) from = begin;
      await this.#during(() => this.sound.start(from));
    }

    pause() {
      this.sound.stop();
      this.#setState("paused");
    }

    async seek(t) {
      const position = Math.min(this.data.duration_s, Math.max(0, t));
      if (this.busy) await this.#during(() => this.sound.start(position));
      else this.sound.stop(position);
      this.#showTime();
    }

    /** Repeat from `a` to `b` seconds; loop(null) plays on. */
    loop(a, b) {
      this.selection = a === null ? null : [Math.min(a, b), Math.max(a, b)];
      this.begin = null;
      return this.setLooping(a !== null);
    }

    /** Begin a selection here; `endSelection` ends it, and repeats it. */
    beginSelection() {
      this.begin = this.position();
      this.show();
    }

    endSelection() {
      return this.loop(this.begin ?? 0, this.position());
    }

    /** Hear a choice (see `envelopes` in timeline.js), with nothing muted. */
    listen(choice) {
      this.choice = choice;
      this.muted.clear();
      return this.#changed();
    }

    /** Hear what another player hears: its choice, and what is muted there. */
    adopt(choice, muted) {
      this.choice = choice;
      this.muted = new Set(muted);
      return this.#changed();
    }

    mute(stem, on) {
      if (on) this.muted.add(stem);
      else this.muted.delete(stem);
      return this.#changed();
    }

    solo(stem, on) {
      const others = indices(this.choice).filter((i) => i !== stem);
      return this.listen(alone(on ? [...others, stem].sort((one, other) => one - other) : others));
    }

    async setOptions(options) {
      const { asHeard } = this.options;
      Object.assign(this.options, options);
      await this.#changed();
      if (this.options.asHeard === asHeard) return;
      const [rate, playing] = [this.options.asHeard ? this.data.model_sr : this.data.sr, this.busy];
      const change = () => this.sound.setRate(rate, this.options.asHeard, playing);
      await (playing ? this.#during(change) : change());
    }

    /** Offer the components that argue for a label: {label, top: {name, on, gain_db}, without: {on, gain_db}, span}.
     *
     * `on` holds for every stem a list of [t0, t1] in which it sounds; `span` is [t0, t1] of what is explained, to be
     * marked, or null. `setExplanation(null)` takes the offer back.
     */
    setExplanation(explanation) {
      this.explanation = explanation;
      const [begin, end] = explanation?.span ?? [0, 0];
      this.place("--span", begin, end);
      for (const part of this.root.querySelectorAll(".al-part"))
        part.hidden = !explanation?.top.on[Number(part.dataset.stem)]?.length;
      this.root.classList.toggle("explained", explanation !== null);
      const { kind } = this.choice;
      if (kind !== "only" && kind !== "without") return this.show();
      return this.listen(explanation ? this.explained(kind) : { kind: "mix" });
    }

    /** The present choice of the loop or the whole, as a list of channels (Float32Array) for each piece of it. */
    render() {
      return this.sound.render(...(this.selection ?? [0, this.data.duration_s]));
    }

    /** Whether it plays, or is about to. */
    get busy() {
      return this.state === "playing" || this.state === "loading";
    }

    /** The choice of what argues for the label ("only"), or of all else ("without"). */
    explained(kind) {
      const { label, top, without } = this.explanation;
      return { ...(kind === "only" ? top : without), kind, label, name: top.name };
    }

    #gainDb() {
      return this.options.matched ? (matchedDb(this.choice, this.data.stems) ?? 0) : 0;
    }

    #loop() {
      return this.looping ? (this.selection ?? [0, this.data.duration_s]) : null;
    }

    async #changed() {
      const gain = 10 ** (this.#gainDb() / 20);
      const { duration_s, stems } = this.data;
      this.sound.envelopes = envelopes(this.choice, stems, { duration_s, muted: this.muted, gain });
      this.show();
      this.#tell("choice", { choice: this.choice, muted: [...this.muted], gain_db: this.#gainDb() });
      if (this.state === "playing") await this.#during(() => this.sound.start());
    }

    /** Repeat the selection, or everything where there is none. */
    async setLooping(on) {
      this.looping = on;
      this.sound.loop = this.#loop();
      this.show();
      if (this.state !== "playing") return;
      const [begin, end] = this.sound.loop ?? [0, Infinity];
      const inside = this.position() >= begin && this.position() < end;
      await this.#during(() => this.sound.start(inside ? null : begin));
    }

    /** Do what may take a moment, and say so; what cannot be decoded is said, too. */
    async #during(action) {
      if (!this.busy) this.#setState("loading");
      try {
        await action();
      } catch (error) {
        this.sound.stop();
        this.#setState("failed");
        throw error;
      }
      if (this.state === "loading" && this.sound.take) this.#setState("playing");
    }

    #setState(state) {
      this.state = state;
      if (!this.busy && audiolime.sounding === this) audiolime.sounding = null;
      this.show();
      this.#showTime();
      this.#tell("state", { state });
      if (state === "playing") this.#follow();
    }

    /** Move the playhead while playing: by frames where the page is visible, by the clock where it is not. */
    #follow() {
      let told = 0;
      const step = () => {
        if (this.state !== "playing" || !this.root.isConnected) return this.state === "playing" ? this.pause() : null;
        this.#showTime();
        if (performance.now() - told >= TIME_MS) {
          told = performance.now();
          this.#tell("time", { position: this.position() });
        }
        if (document.hidden) setTimeout(step, TIME_MS);
        else requestAnimationFrame(step);
        return null;
      };
      step();
    }

    #tell(what, detail) {
      this.root.dispatchEvent(new CustomEvent(`audiolime:${what}`, { detail, bubbles: true }));
    }

    // What is seen.

    #all(selector) {
      return [...this.root.querySelectorAll(selector)];
    }

    #one(selector) {
      return this.root.querySelector(selector);
    }

    /** Mark a range in seconds: "--loop" or "--span". */
    place(name, begin, end) {
      this.root.style.setProperty(`${name}-from`, begin / this.data.duration_s);
      this.root.style.setProperty(`${name}-to`, end / this.data.duration_s);
    }

    #showTime() {
      const position = this.position();
      const { start_s, duration_s } = this.data;
      this.root.style.setProperty("--at", position / duration_s);
      const now = start_s + position; // of the recording
      const told = this.state === "playing" ? Math.floor(now) : now; // readers of screens hear no tenths pass
      const [shown, spoken] = [clock(now), `${clock(told)} of ${clock(start_s + duration_s)}`];
      const time = this.#one(".al-now");
      if (time.textContent !== shown) time.textContent = shown;
      const seek = this.#one(".al-seek");
      seek.value = position;
      if (seek.getAttribute("aria-valuetext") !== spoken) seek.setAttribute("aria-valuetext", spoken);
      this.layers.tell();
      if (this.state !== "playing") this.#tell("time", { position });
    }

    /** Bring what is seen up to date. */
    show() {
      const { choice, state, explanation } = this;
      const play = this.#one("[data-do=play]");
      play.setAttribute("aria-label", this.busy ? "Pause" : "Play");
      play.setAttribute("aria-busy", state === "loading");
      this.root.classList.toggle("playing", this.busy);
      const press = (selector, on) => this.#one(selector).setAttribute("aria-pressed", on);
      press("[data-do=loop]", this.looping);
      for (const kind of ["mix", "only", "without"]) press(`[data-do=${kind}]`, choice.kind === kind);
      for (const [kind, word] of [["only", "Only: "], ["without", "Without "]]) {
        const button = this.#one(`[data-do=${kind}]`);
        button.hidden = !explanation;
        button.textContent = explanation ? word + explanation.top.name : "";
      }
      this.#showStems();
      this.place("--loop", ...(this.selection ?? [0, 0]));
      this.root.classList.toggle("selected", this.selection !== null);
      this.root.classList.toggle("looping", this.looping);
      this.root.classList.toggle("failed", state === "failed");
      this.#one("[data-do=matched]").checked = this.options.matched;
      this.#one("[data-do=asHeard]").checked = this.options.asHeard;
      const gain_db = matchedDb(choice, this.data.stems);
      const signed = `${gain_db < 0 ? "−" : "+"}${Math.abs(gain_db).toFixed(1)} dB`;
      this.#one(".al-gain").textContent = gain_db === null ? "too soft" : gain_db === 0 ? "" : signed;
      const begin = this.begin === null ? null : clock(this.data.start_s + this.begin);
      const from = begin === null ? "" : `. Selection from ${begin}: press B where it ends`;
      const status = state === "failed" ? "This browser cannot decode the audio." : this.words() + from;
      if (this.#one(".al-status").textContent !== status) this.#one(".al-status").textContent = status;
    }

    #showStems() {
      const soloed = indices(this.choice);
      this.#all(".al-stem").forEach((row) => {
        const stem = Number(row.dataset.row);
        row.querySelector("[data-do=mute]").setAttribute("aria-pressed", this.muted.has(stem));
        row.querySelector("[data-do=solo]").setAttribute("aria-pressed", soloed.includes(stem));
        const off = gaps(this.sound.envelopes[stem], this.data.duration_s);
        row.classList.toggle("off", off.some(([begin, end]) => begin <= 0 && end >= this.data.duration_s));
        this.#dim(row.querySelector(".al-lane svg"), off);
      });
    }

    /** Cover a waveform where its stem is off. */
    #dim(svg, spans) {
      const scale = svg.viewBox.baseVal.width / this.data.duration_s;
      const boxes = spans.map(([begin, end]) => `M${begin * scale},-102V102H${end * scale}V-102Z`);
      svg.querySelector(".al-gaps").setAttribute("d", boxes.join(""));
    }

    /** What is heard, in words. */
    words() {
      const { choice, muted, data } = this;
      const names = (stems) => [...stems].map((i) => data.stems[i].name).join(", ");
      const heard = {
        mix: "Mix",
        only: `Only: ${choice.name ?? choice.label}`,
        without: `Without ${choice.name ?? choice.label}`,
      }[choice.kind] ?? `Solo: ${names(indices(choice))}`;
      return muted.size ? `${heard}, ${names(muted)} muted` : heard;
    }
  }

  audiolime.mountPlayer = (root) => {
    if (!mounted.has(root)) mounted.set(root, new Player(root));
    return mounted.get(root);
  };
  audiolime.mountAll = (container) => [...container.querySelectorAll(".audiolime")].map(audiolime.mountPlayer);
})((globalThis.audiolime ??= {}));
