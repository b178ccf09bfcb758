/* Maps of relevance over the spectrogram: which is shown, what it leaves open, and what it says at the playhead.
 *
 * The player's data names them: layers [{label, gaps, moment_s, phrases, said}]: gaps are [from, to] in seconds that no
 * explained window holds, said the number of each moment's phrase; all was decided in layer.py.
 */
"use strict";

(function (audiolime) {
  /** The phrase of the moment that holds a second, and the second itself, as "At 0:12: …". */
  function told({ moment_s, phrases, said }, second, start_s) {
    const moment = Math.min(said.length - 1, Math.max(0, Math.floor(second / moment_s + 1e-9)));
    const whole = Math.floor(start_s + second + 1e-6);
    const clock = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
    return `At ${clock}: ${phrases[said[moment]]}.`;
  }

  class Layers {
    constructor(player) {
      this.player = player;
      this.every = player.data.layers ?? [];
      this.on = true;
      this.missing = null; // the label that has no map
      this.shown = this.every.length ? 0 : -1;
    }

    /** Show the map of a label, or say that it has none; null hides all maps and says nothing. */
    choose(label) {
      if (!this.every.length) return;
      this.shown = this.every.findIndex((one) => one.label === label);
      this.missing = this.shown < 0 ? label : null;
      this.show();
    }

    toggle() {
      this.on = !this.on;
      this.show();
    }

    get visible() {
      return this.on && this.shown >= 0;
    }

    /** Bring what is seen up to date. */
    show() {
      const { root, data } = this.player;
      if (!this.every.length) return;
      root.classList.toggle("mapped", this.visible);
      root.querySelectorAll(".al-map").forEach((picture, i) => { picture.hidden = !this.visible || i !== this.shown; });
      const button = root.querySelector("[data-do=map]");
      button.hidden = this.shown < 0;
      button.setAttribute("aria-pressed", this.on);
      root.querySelector(".al-key").hidden = !this.visible;
      root.querySelectorAll(".al-keyed").forEach((name) => { name.textContent = this.every[this.shown]?.label ?? ""; });
      const gaps = this.visible ? this.every[this.shown].gaps : [];
      root.querySelector(".al-gap-key").hidden = !gaps.length;
      root.querySelector(".al-unexplained").replaceChildren(...gaps.map(([begin, end]) => {
        const gap = document.createElement("span");
        gap.style.setProperty("--from", begin / data.duration_s);
        gap.style.setProperty("--to", end / data.duration_s);
        return gap;
      }));
      this.tell();
    }

    /** Say what the map says at the playhead. */
    tell() {
      if (!this.every.length) return;
      const { root, data } = this.player;
      const line = root.querySelector(".al-told");
      const none = this.missing === null ? "" : `No map was made for “${this.missing}”.`;
      const text = this.visible ? told(this.every[this.shown], this.player.position(), data.start_s) : none;
      if (line.textContent !== text) line.textContent = text;
    }
  }

  Object.assign(audiolime, { Layers, told });
})((globalThis.audiolime ??= {}));
