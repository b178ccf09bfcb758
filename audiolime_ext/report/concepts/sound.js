/* The sounds of the page of concepts: patches alone, patches in their windows, and songs; one at a time. */
"use strict";

(function (audiolime) {
  const { cancelAnimationFrame } = globalThis;

  /** What is embedded: pictures and sounds by song, and patches alone. */
  class Sounds {
    /** `on` hears: changed(playing or null), moved(seconds of the excerpt). */
    constructor(media, songs, on) {
      Object.assign(this, { media, songs, on, playing: null, audio: document.createElement("audio") });
      this.audio.addEventListener("ended", () => this.#ended());
    }

    /** Whether a patch has a sound: alone, and in its window. */
    hasAlone(patch) {
      return patch.alone !== null;
    }

    hasContext(patch) {
      return this.spanOf(patch) !== null && this.#stretch(patch.song, this.spanOf(patch)[0]) >= 0;
    }

    /** Begin and end of the window of a patch, in seconds of the excerpt; null where it is not known. */
    spanOf(patch) {
      const { hop, window: length, duration } = this.songs[patch.song];
      if (hop === undefined) return null;
      return [patch.window * hop, Math.min(patch.window * hop + length, duration)];
    }

    /** Play a patch alone, or stop it; `id` says what is lit meanwhile. */
    alone(patch, id) {
      const encoded = this.media.alone[`${patch.song} ${patch.split} ${patch.number}`];
      this.#toggle({ id, song: patch.song, begin: patch.alone[0], end: patch.alone[1] }, encoded, 0);
    }

    /** Play the window of a patch, or stop it. */
    context(patch, id) {
      const [begin, end] = this.spanOf(patch);
      const at = this.#stretch(patch.song, begin);
      const first = this.songs[patch.song].spans[at][0];
      this.#toggle({ id, song: patch.song, begin: first, end, at }, this.media.songs[patch.song][2][at], begin - first);
    }

    /** Play a song's excerpt from a second on, or stop it where it plays. */
    song(song, seconds, id) {
      const spans = this.songs[song].spans ?? [];
      let at = this.#stretch(song, seconds);
      if (at < 0) at = spans.findIndex(([begin]) => begin >= seconds);
      if (at < 0) at = 0;
      if (!spans[at]) return;
      const [begin, end] = spans[at];
      const from = seconds >= begin && seconds < end - 0.05 ? seconds - begin : 0;
      this.#toggle({ id, song, begin, end, at, whole: true }, this.media.songs[song][2][at], from);
    }

    stop() {
      this.audio.pause();
      cancelAnimationFrame(this.frame);
      if (!this.playing) return;
      this.playing = null;
      this.on.changed(null);
    }

    /** The second of the excerpt that sounds now; null: silence. */
    get second() {
      return this.playing ? this.playing.begin + this.audio.currentTime : null;
    }

    #stretch(song, seconds) {
      const spans = this.songs[song].spans ?? [];
      return spans.findIndex(([begin, end]) => seconds >= begin - 1e-3 && seconds < end - 0.05);
    }

    #toggle(playing, encoded, from) {
      const same = this.playing?.id === playing.id && !playing.whole;
      this.stop();
      if (same) return;
      this.#play(playing, encoded, from);
    }

    #play(playing, encoded, from) {
      this.playing = playing;
      this.on.changed(playing);
      if (this.kept) URL.revokeObjectURL(this.kept);
      const bytes = Uint8Array.from(atob(encoded), (one) => one.charCodeAt(0));
      this.kept = URL.createObjectURL(new Blob([bytes], { type: "audio/mpeg" }));
      this.audio.src = this.kept;
      if (from > 0) this.audio.addEventListener("loadedmetadata", () => (this.audio.currentTime = from), { once: true });
      this.audio.play().catch((error) => {
        if (this.playing !== playing || error.name === "AbortError") return;
        this.stop();
        this.on.failed(error.message);
      });
      this.#tick();
    }

    #tick() {
      const { playing } = this;
      if (!playing) return;
      this.on.moved(playing.song, this.second);
      if (!playing.whole && this.second >= playing.end && !this.audio.seeking) return this.stop();
      this.frame = requestAnimationFrame(() => this.#tick());
    }

    /** After a stretch of a song comes the next, if there is one. */
    #ended() {
      const { playing } = this;
      const next = playing?.whole ? this.songs[playing.song].spans[playing.at + 1] : null;
      if (!next) return this.stop();
      cancelAnimationFrame(this.frame);
      const [begin, end] = next;
      const at = playing.at + 1;
      this.#play({ ...playing, begin, end, at }, this.media.songs[playing.song][2][at], 0);
    }
  }

  audiolime.Sounds = Sounds;
})((globalThis.audiolime ??= {}));
