/* Sound of one recording: decodes pieces around the playhead and plays them as one.
 *
 * Pieces are decoded at the rate of the context that plays them, kept while they are near the playhead, and thrown
 * away behind it.
 *
 * A take is all that was scheduled for one state of the controls. Whatever changes (a choice, a seek, a loop), a new
 * take begins a moment later while the old one fades out; the ramps are linear and add up to one, so what both takes
 * hold goes on unchanged. Within a take, spans (see timeline.js) follow each other; the sources of all stems of a span
 * start at the same frame.
 */
"use strict";

(function (audiolime) {
  const { layout, spanFrom, loopFrames, part, leadFrames } = audiolime.timeline;
  const LEAD_S = 0.03; // from a decision to the moment at which it is heard
  const SWITCH_S = 0.01; // from one take to the next
  const AHEAD_S = 2.5; // scheduled ahead: timers of pages in the background fire once a second
  const TICK_MS = 200;
  const REST_MS = 500;
  const FORGET_MS = 2000; // after a take has ended, for certain

  // All players of a page share one context for each rate; only one of them sounds, and few hold decoded pieces.
  const contexts = (audiolime.contexts ??= new Map());
  const holders = (audiolime.holders ??= new Set());

  function contextAt(rate) {
    if (!contexts.has(rate)) contexts.set(rate, new AudioContext({ sampleRate: rate, latencyHint: "interactive" }));
    return contexts.get(rate);
  }

  /** Let a context rest, which saves power, unless something sounds in it. */
  function rest(context) {
    setTimeout(() => audiolime.sounding?.context === context || context.suspend(), REST_MS);
  }

  /** Decoded pieces: for each rate and piece, a list with {buffer, scale, lead} or null (silence) for every stem. */
  class Pieces {
    /** `stored` maps "stem/piece" to the inert elements that hold the audio; `bytes` counts what is decoded. */
    constructor(data, stored, bytes = { now: 0, peak: 0 }) {
      Object.assign(this, { data, stored, bytes, entries: new Map() });
    }

    /** The list if it has been decoded. */
    peek(piece, rate) {
      return this.entries.get(`${rate}/${piece}`)?.list;
    }

    /** A promise of the list. */
    get(piece, rate) {
      const key = `${rate}/${piece}`;
      if (!this.entries.has(key)) {
        const entry = { list: null, bytes: 0, alive: true };
        const stems = this.data.stems.map((_, stem) => this.#decode(entry, stem, piece, rate));
        entry.promise = Promise.all(stems).then((list) => (entry.list = list));
        this.entries.set(key, entry);
      }
      return this.entries.get(key).promise;
    }

    /** Forget all but these: a set of "rate/piece". */
    keep(wanted) {
      for (const [key, entry] of this.entries) {
        if (wanted.has(key)) continue;
        this.entries.delete(key);
        this.bytes.now -= entry.bytes;
        entry.alive = false;
      }
    }

    async #decode(entry, stem, piece, rate) {
      const element = this.stored.get(`${stem}/${piece}`);
      if (!element) return null;
      const encoded = Uint8Array.from(atob(element.textContent.trim()), (letter) => letter.charCodeAt(0));
      // An offline context decodes before the first gesture of the user's, too.
      const buffer = await new OfflineAudioContext(1, 1, rate).decodeAudioData(encoded.buffer);
      const size = buffer.length * buffer.numberOfChannels * Float32Array.BYTES_PER_ELEMENT;
      if (entry.alive) {
        entry.bytes += size;
        this.bytes.now += size;
      }
      this.bytes.peak = Math.max(this.bytes.peak, this.bytes.now);
      const { duration, piece: length, overlap } = layout(this.data, rate);
      const expected = Math.min(duration - piece * length, length + overlap);
      const lead = leadFrames(buffer.length, expected, this.data.lead_s, rate);
      return { buffer, lead, scale: Number(element.dataset.scale) };
    }
  }

  /** Set a gain to follow an envelope in seconds of the recording, whose beginning is at `origin_s` of the context. */
  function follow(gain, points, origin_s, scale) {
    gain.value = points[0][1] * scale;
    if (points.length === 1) return;
    gain.setValueAtTime(points[0][1] * scale, Math.max(0, origin_s + points[0][0]));
    for (const [t, value] of points.slice(1)) gain.linearRampToValueAtTime(value * scale, origin_s + t);
  }

  /** A gain that rises over `rise` frames from frame `at` on, and falls over `fall` frames from frame `end` on. */
  function faded(context, { at, rise = 0, end = at, fall = 0 }) {
    const node = new GainNode(context, { gain: rise ? 0 : 1 });
    const seconds = (frame) => frame / context.sampleRate;
    if (rise) node.gain.setValueAtTime(0, seconds(at)).linearRampToValueAtTime(1, seconds(at + rise));
    if (fall) node.gain.setValueAtTime(1, seconds(end)).linearRampToValueAtTime(0, seconds(end + fall));
    return node;
  }

  /** Let a span of all stems sound from frame `at` of a context on; returns its sources. */
  function sound(span, at, { context, destination, list, envelopes, length, rise }) {
    const rate = context.sampleRate;
    const end = at + span.to - span.from;
    const joint = faded(context, { at, rise, end, fall: span.tail });
    joint.connect(destination);
    return list.flatMap((stored, stem) => {
      const points = part(envelopes[stem], span.from / rate, (span.to + span.tail) / rate);
      if (!stored || points.every(([, gain]) => gain === 0)) return [];
      const gate = new GainNode(context);
      follow(gate.gain, points, (at - span.from) / rate, stored.scale);
      const source = new AudioBufferSourceNode(context, { buffer: stored.buffer });
      source.connect(gate).connect(joint);
      source.start(at / rate, (span.from - span.piece * length + stored.lead) / rate);
      source.stop((end + span.tail) / rate);
      return [source];
    });
  }

  class Sound {
    /** `data` describes the recording (see player.py); `onEnd` is called when its end has been
     * played, or with the error that keeps it from playing on. */
    constructor(data, stored, onEnd) {
      Object.assign(this, { data, stored, onEnd, rate: data.sr, mono: false, loop: null, still_s: 0 });
      this.envelopes = data.stems.map(() => [[0, 1]]);
      this.pieces = new Pieces(data, stored);
      this.outputs = new Map();
      this.take = null;
      this.request = 0; // the latest change; earlier ones that still wait for a piece give up
    }

    get context() {
      return contextAt(this.rate);
    }

    /** What all sound of this recording passes through; mono where it is heard as the model heard it. */
    get output() {
      const key = `${this.rate}/${this.mono}`;
      if (!this.outputs.has(key)) {
        const output = new GainNode(this.context, this.mono ? { channelCount: 1, channelCountMode: "explicit" } : {});
        output.connect(this.context.destination);
        this.outputs.set(key, output);
      }
      return this.outputs.get(key);
    }

    get layout() {
      return layout(this.data, this.rate);
    }

    /** Position in seconds of the recording. */
    position() {
      return this.take ? this.#frameAt(Math.round(this.context.currentTime * this.rate)) / this.rate : this.still_s;
    }

    /** Decode what will be heard first. */
    prepare() {
      this.#hold();
      const { piece } = spanFrom(Math.round(this.position() * this.rate), this.layout);
      return this.pieces.get(piece, this.rate);
    }

    /** Play from a position; without one, go on where the sound is, with what has changed. */
    async start(position_s = null) {
      const request = ++this.request;
      const { context, layout: where } = this;
      this.#hold();
      if (context.state !== "running") await context.resume();
      for (;;) {
        if (request !== this.request) return;
        const at = this.#soon();
        const going = position_s === null && this.take;
        const wanted = going ? this.#frameAt(at) : Math.round((position_s ?? this.still_s) * this.rate);
        const from = Math.min(wanted, where.duration - 1);
        const span = spanFrom(from, where, this.#loop());
        if (this.pieces.peek(span.piece, this.rate)) return this.#begin(at, from);
        this.waiting = `${this.rate}/${span.piece}`;
        await this.pieces.get(span.piece, this.rate);
      }
    }

    /** Fall silent and stay where the sound is, or go somewhere else. */
    stop(position_s = this.position()) {
      this.request += 1;
      if (this.take) {
        this.#release(this.take, this.#soon());
        rest(this.context);
      }
      clearInterval(this.timer);
      this.take = null;
      this.still_s = position_s;
    }

    /** Hear it at another rate, in mono or as it is. The sound goes on once the pieces have been decoded anew. */
    async setRate(rate, mono, playing) {
      const request = ++this.request;
      if (playing) {
        const { piece } = spanFrom(Math.round(this.position() * rate), layout(this.data, rate));
        this.waiting = `${rate}/${piece}`;
        await this.pieces.get(piece, rate);
        if (request !== this.request) return;
      }
      this.stop();
      Object.assign(this, { rate, mono });
      if (playing) await this.start(this.still_s);
    }

    /** The recording from `begin_s` to `end_s` as it would be heard, as a list of channels for each piece of it. */
    async *render(begin_s, end_s) {
      const { rate, mono, envelopes, layout: where } = this;
      const pieces = new Pieces(this.data, this.stored, this.pieces.bytes);
      const end = Math.round(end_s * rate);
      let [from, before] = [Math.round(begin_s * rate), null];
      while (from !== null && from < end) {
        const whole = spanFrom(from, where);
        const span = { ...whole, to: Math.min(whole.to, end), tail: 0 };
        const context = new OfflineAudioContext(mono ? 1 : this.data.n_channels, span.to - from, rate);
        const shared = { context, destination: context.destination, envelopes, length: where.piece };
        sound(span, 0, { ...shared, list: await pieces.get(span.piece, rate), rise: before?.tail ?? 0 });
        const fading = before && (await pieces.get(before.piece, rate));
        if (fading) sound({ ...before, from, to: from }, 0, { ...shared, list: fading, rise: 0 });
        const rendered = await context.startRendering();
        yield Array.from({ length: rendered.numberOfChannels }, (_, channel) => rendered.getChannelData(channel));
        pieces.keep(new Set([`${rate}/${span.piece}`]));
        [from, before] = [whole.next, whole];
      }
      pieces.keep(new Set());
    }

    /** Decoded pieces are this recording's now: others that do not sound forget theirs. */
    #hold() {
      for (const other of holders) {
        if (other === this || other.take) continue;
        other.pieces.keep(new Set());
        holders.delete(other);
      }
      holders.add(this);
    }

    #loop() {
      return loopFrames(this.loop, this.layout, this.rate);
    }

    /** The frame at which a change can be heard. */
    #soon() {
      const now = Math.round((this.context.currentTime + LEAD_S) * this.rate);
      return this.take ? Math.max(now, this.take.at + this.take.rise) : now;
    }

    /** Frame of the recording that sounds at a frame of the context. */
    #frameAt(frame) {
      const { spans } = this.take;
      const span = [...spans].reverse().find(({ at }) => at <= frame) ?? spans[0];
      return Math.min(span.to, span.from + Math.max(0, frame - span.at));
    }

    #begin(at, from) {
      const rise = Math.round(SWITCH_S * this.rate);
      if (this.take) this.#release(this.take, at);
      const gain = faded(this.context, { at, rise });
      gain.connect(this.output);
      this.take = { at, rise, gain, spans: [], next: { at, from, rise: 0 } };
      this.waiting = null;
      clearInterval(this.timer);
      this.timer = setInterval(() => this.#tick(), TICK_MS);
      this.#tick();
    }

    /** Let a take end at frame `at`. */
    #release({ gain, spans }, at) {
      const [begin, end] = [at / this.rate, at / this.rate + SWITCH_S];
      gain.gain.setValueAtTime(1, begin).linearRampToValueAtTime(0, end);
      for (const { sources } of spans) for (const source of sources) source.stop(end);
      setTimeout(() => gain.disconnect(), FORGET_MS);
    }

    /** Schedule what comes next, decode what comes then, and forget what has been. */
    #tick() {
      const { take, layout: where } = this;
      const now = Math.round(this.context.currentTime * this.rate);
      if (take.next === null && now >= take.spans.at(-1).at + take.spans.at(-1).to - take.spans.at(-1).from) {
        this.stop(this.data.duration_s);
        this.onEnd();
        return;
      }
      while (take.next && take.next.at < now + AHEAD_S * this.rate) {
        const span = spanFrom(take.next.from, where, this.#loop());
        const list = this.pieces.peek(span.piece, this.rate);
        if (!list) break;
        if (take.next.at < now) {
          this.start(take.next.from / this.rate); // decoding came too late
          return;
        }
        const { at, rise } = take.next;
        const shared = { context: this.context, destination: take.gain, envelopes: this.envelopes };
        const sources = sound(span, at, { ...shared, list, length: where.piece, rise });
        take.spans.push({ ...span, at, sources });
        take.next = span.next === null ? null : { at: at + span.to - span.from, from: span.next, rise: span.tail };
      }
      const ended = ({ at, from, to, tail }) => at + to - from + tail < now;
      take.spans = take.spans.filter((span, i) => i === take.spans.length - 1 || !ended(span));
      const near = take.spans.map(({ piece }) => piece);
      if (take.next) near.push(spanFrom(take.next.from, where, this.#loop()).piece);
      const wanted = new Set(near.map((piece) => `${this.rate}/${piece}`));
      this.pieces.keep(this.waiting ? wanted.add(this.waiting) : wanted);
      if (take.next) this.pieces.get(near.at(-1), this.rate).catch((error) => this.#fail(take, error));
    }

    /** What comes next cannot be decoded. */
    #fail(take, error) {
      if (this.take !== take) return;
      this.stop();
      this.onEnd(error);
    }
  }

  audiolime.Sound = Sound;
})((globalThis.audiolime ??= {}));
