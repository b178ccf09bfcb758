/* A page of explanations: choose a label and a window, read which source its score comes from, and listen.
 *
 * Each `section.view` explains one recording split in one way. Its numbers lie in an inert JSON script:
 *   components  [{name, color, stem, on}]   what was switched: a stem, or [from, to] seconds of it within the window
 *   windows     [{t, d, silent}]            the explained windows, start and duration in seconds of the recording
 *   start_s, end_s                           where the recording's sound on this page begins and ends
 *   recording                                number of the recording and passage: splits of one are chosen together
 *   labels      [name]                      the explained labels, in the order of the buttons
 *   cells       [label][window] {full, empty, alone, without, weights, errors, top, answers, top_name, gain_db, digits, say,
 *               remarks}; digits: as many as the sentence has;
 *               top: the components that the score comes most from, none where that is not known; alone and without are theirs;
 *               answers {right, close, none, same}: what a guess is judged by (see quiz.py)
 *   taggram     {labels, times, ends, scores} every whole window, as it is drawn, and the labels that are ever high
 *   digits, bounded, off, blind             how numbers are written, whether they lie from 0 to 1,
 *                                            what "off" is called, whether to guess first
 *   least                                    the value from which on a window counts; null where all do
 * The player beside it is one of player.js; this script only tells it what to play.
 */
"use strict";

(function (audiolime) {
  const SVG = "http://www.w3.org/2000/svg";
  const MOST_BARS = 8;
  const MAP_PIXELS = 2000; // wide, at least
  const LEAST_REACH = 0.05; // of scores: smaller differences count as none, and are drawn small

  function create(name, attributes = {}, ...children) {
    const made = name.startsWith("svg:")
      ? document.createElementNS(SVG, name.slice(4))
      : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  /** The window that holds a time, of several the last to begin, or the nearest one; -1 where there is none. */
  function windowAt(windows, t) {
    let best = -1;
    let least = Infinity;
    windows.forEach((window, i) => {
      const away = Math.max(window.t - t, t - window.t - window.d + 1e-6, 0);
      if (away <= least) [best, least] = [i, away];
    });
    return best;
  }

  /** Order of components to show: the heaviest first, or as they are where all fit. */
  function shown(weights) {
    const order = weights.map((_, i) => i);
    if (weights.length <= MOST_BARS) return order;
    return order.sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a])).slice(0, MOST_BARS);
  }

  /** `#t=14.9&tag=rock&view=1` as {t, tag, view}; what is missing or no number is null. */
  function readPlace(hash) {
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    const number = (key) => {
      const value = given.get(key);
      return value === null || value.trim() === "" || !Number.isFinite(Number(value)) ? null : Number(value);
    };
    return { t: number("t"), tag: given.get("tag"), view: number("view") };
  }

  function writePlace({ t, tag, view }) {
    const place = new URLSearchParams({ t: String(Math.round(t * 10000) / 10000), tag });
    if (view) place.set("view", String(view));
    return `#${place}`;
  }

  /** Minutes and seconds to a tenth, or to a hundredth where it is between tenths: windows that overlap are told apart. */
  function clock(seconds) {
    const hundredths = Math.round(100 * seconds);
    const digits = hundredths % 10 ? 2 : 1;
    return `${Math.floor(hundredths / 6000)}:${((hundredths % 6000) / 100).toFixed(digits).padStart(3 + digits, "0")}`;
  }

  function signed(value, digits) {
    const text = Math.abs(value).toFixed(digits);
    return Number(text) === 0 ? text : (value < 0 ? "−" : "+") + text;
  }

  /** A number with a minus sign, and never minus nought. */
  function plain(value, digits) {
    return signed(value, digits).replace("+", "");
  }

  /** When each stem sounds, for "only these components" and "without them", in seconds of the player. */
  function intervals(components, begin, stems, duration) {
    const only = stems.map((name) => components.filter((component) => component.stem === name)
      .map(({ on }) => (on === null ? [0, duration] : on.map((t) => begin + t))));
    const without = only.map((spans) => {
      const edges = [0, ...spans.flat(), duration];
      return edges.flatMap((edge, i) => (i % 2 === 0 && edges[i + 1] > edge ? [[edge, edges[i + 1]]] : []));
    });
    return { only, without };
  }

  /** What segments add and take away, stacked above and below zero in the order of the components. */
  function stacked(components, weights) {
    const sums = new Map(); // of each segment: above and below zero
    return components.map(({ on, color }, i) => ({ on, color, weight: weights[i] })).filter(({ on }) => on)
      .map(({ on, color, weight }) => {
        if (!sums.has(on[0])) sums.set(on[0], [0, 0]);
        const sides = sums.get(on[0]);
        const side = Number(weight < 0);
        const from = sides[side];
        sides[side] += weight;
        return { on, color, top: Math.max(from, sides[side]), height: Math.abs(weight) };
      });
  }

  class View {
    constructor(root, index, player, views) {
      Object.assign(this, { root, index, player, views });
      this.data = JSON.parse(root.querySelector("script.view-data").textContent);
      this.tag = 0;
      this.window = this.data.windows.length ? 0 : -1;
      this.guessed = new Map(); // label and window → verdict
      [this.right, this.judged] = [0, 0];
      this.find = (selector) => root.querySelector(selector);
      this.tags = [...root.querySelectorAll("[data-tag]")];
      this.listen();
      this.drawTaggram();
      if (player && !this.data.mixture) {
        player.root.querySelector("[data-do=mix]").textContent = "All stems on this page";
        player.root.classList.add("no-mixture");
      }
    }

    listen() {
      this.tags.forEach((button, i) => button.addEventListener("click", () => this.choose(i, this.strongest(i))));
      this.find(".earlier")?.addEventListener("click", () => this.step(-1));
      this.find(".later")?.addEventListener("click", () => this.step(1));
      this.find(".taggram canvas")?.addEventListener("click", (event) => this.pick(event));
      this.find(".taggram canvas")?.addEventListener("mousemove", (event) => this.tell(event));
      this.find(".over-time")?.addEventListener("click", (event) => this.pick(event));
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.drawTaggram());
      this.player?.root.addEventListener("audiolime:time", () => this.follow());
    }

    /** The window in which a label is highest; a silent one is never chosen, whatever the model says of silence. */
    strongest(tag) {
      const cells = this.data.cells[tag];
      const sounding = [...cells.keys()].filter((i) => !this.data.windows[i].silent);
      return sounding.reduce((best, i) => (cells[i].full > cells[best].full ? i : best));
    }

    step(by) {
      const next = Math.min(Math.max(this.window + by, 0), this.data.windows.length - 1);
      this.choose(this.tag, next);
    }

    /** Where a second lies on the map and on the picture below it, from 0 to 1. */
    across(second) {
      const { start_s: begin, end_s: end } = this.data;
      return (Math.min(second, end) - begin) / (end - begin);
    }

    /** Second, column and row of the taggram under the pointer; column -1 where no whole window is. */
    under(event) {
      const box = event.currentTarget.getBoundingClientRect();
      const { start_s: begin, end_s: end, taggram: { times, ends, labels } } = this.data;
      const second = begin + ((event.clientX - box.left) / box.width) * (end - begin);
      const column = times.findLastIndex((time, i) => time <= second && second < ends[i]);
      const row = Math.floor(((event.clientY - box.top) / box.height) * labels.length);
      return [second, column, Math.min(Math.max(row, 0), labels.length - 1)];
    }

    pick(event) {
      const [second, column, row] = this.under(event);
      const onMap = event.currentTarget.tagName === "CANVAS";
      const held = !onMap && this.data.windows.some(({ t, d }) => t <= second && second < t + d);
      if (column < 0 && !held) return;
      const onTag = onMap ? this.data.labels.indexOf(this.data.taggram.labels[row]) : -1;
      this.choose(onTag >= 0 ? onTag : this.tag, windowAt(this.data.windows, second));
    }

    /** The score under the pointer, as a tooltip. */
    tell(event) {
      const [, column, row] = this.under(event);
      const { labels, times, scores } = this.data.taggram;
      const told = () => `${labels[row]}, ${clock(times[column])}: ${plain(scores[column][row], 2)}`;
      event.currentTarget.title = column < 0 ? "not a whole window" : told();
    }

    /** The other splits of the recording. */
    get others() {
      return this.views.filter((one) => one !== this && one.data.recording === this.data.recording);
    }

    /** While the player plays on, the explanation follows it; the other splits' players stay where it is. */
    follow() {
      const position = this.player.position();
      for (const { player } of this.others)
        if (player && !player.busy && Math.abs(player.position() - position) > 1e-3) player.seek(position);
      if (this.player.state !== "playing" || this.window < 0) return;
      const t = position + this.data.start_s;
      const at = this.data.windows.findLastIndex((window) => t >= window.t && t < window.t + window.d);
      if (at >= 0 && at !== this.window) this.choose(this.tag, at, { seek: null });
    }

    /** Choose a label and a window, in the other splits of the recording as well. */
    choose(tag, window, { seek, silent } = {}) {
      if (window < 0) return;
      const [label, { t }] = [this.data.labels[tag], this.data.windows[window]];
      this.place(tag, window, seek);
      for (const other of this.others) {
        const same = other.data.labels.indexOf(label);
        other.place(same < 0 ? other.tag : same, windowAt(other.data.windows, t + 1e-3), seek);
      }
      if (!silent) history.replaceState(null, "", writePlace({ t, tag: label, view: this.index }));
    }

    place(tag, window, seek) {
      if (window < 0) return;
      [this.tag, this.window] = [tag, window];
      if (this.player && seek !== null)
        this.player.seek((seek ?? this.data.windows[window].t) - this.data.start_s);
      this.render();
    }

    /** Play from a second of the recording, whatever passage was to be repeated. */
    playFrom(second) {
      const { player, data } = this;
      const t = player ? Math.min(second, data.start_s + player.data.duration_s - 0.05) : second; // at the end it begins anew
      const [begin, end] = (player?.looping && player.selection) || [-Infinity, Infinity];
      if (t - data.start_s < begin || t - data.start_s >= end) player.setLooping(false);
      this.choose(this.tag, windowAt(data.windows, t), { seek: t });
      if (player && !player.busy) player.play();
    }

    get cell() {
      return this.data.cells[this.tag][this.window];
    }

    render() {
      const { data, cell } = this;
      this.tags.forEach((button, i) => button.setAttribute("aria-pressed", String(i === this.tag)));
      const place = data.windows[this.window];
      this.find(".place").textContent = `${clock(place.t)}–${clock(place.t + place.d)}`;
      this.find(".earlier").disabled = this.window === 0;
      this.find(".later").disabled = this.window === data.windows.length - 1;
      const hidden = this.secret(this.window);
      this.find(".why").hidden = hidden;
      this.find(".quiz").hidden = !hidden;
      if (hidden) this.renderQuiz();
      const say = (this.guessed.get(`${this.tag} ${this.window}`) ?? "") + cell.say;
      if (this.find(".say").textContent !== say) this.find(".say").textContent = say;
      this.find(".bars").replaceChildren(...this.segments(), ...this.bars());
      this.find(".scores").replaceChildren(...this.scores());
      this.find(".remarks").replaceChildren(...cell.remarks.map((remark) => create("li", {}, remark)));
      this.drawOverTime();
      this.openSummary();
      this.markTaggram();
      this.showMap();
      this.tellPlayer(hidden);
    }

    /** The map of the chosen label; of a blind page, once the label is guessed in every window. */
    showMap() {
      const label = this.data.labels[this.tag];
      const secret = this.data.windows.some((_, window) => this.secret(window));
      const maps = [...this.root.querySelectorAll("[data-map]")];
      if (!maps.length) return;
      const own = secret ? null : maps.find((one) => one.dataset.map === label);
      for (const one of maps) one.hidden = one !== own;
      const none = this.find(".no-map");
      none.hidden = Boolean(own);
      none.textContent = secret ? "The map is shown once every window is guessed." : `No map was made for “${label}”.`;
      this.player?.layers.choose(secret ? null : label);
    }

    /** Whether the reader has yet to guess a label in a window; of silence there is nothing to guess. */
    secret(window, tag = this.tag) {
      return this.data.blind && !this.data.windows[window].silent && !this.guessed.has(`${tag} ${window}`);
    }

    /** Of a blind page: the means of those labels that the reader has guessed in every window; others would tell. */
    openSummary() {
      if (!this.data.blind) return;
      const rows = [...this.root.querySelectorAll(".summary tbody tr")];
      rows.forEach((row, tag) => { row.hidden = this.data.windows.some((_, window) => this.secret(window, tag)); });
      this.find(".summary").hidden = rows.every((row) => row.hidden);
    }

    /** The cells of a label on all splits and recordings of the page whose values are of one kind, each with its view. */
    alike() {
      const label = this.data.labels[this.tag];
      const views = this.views.filter(({ data }) => data.bounded === this.data.bounded && data.labels.includes(label));
      return views.flatMap((view) => view.known(view.data.labels.indexOf(label)).map((cell) => ({ view, cell })));
    }

    /** The cells of a label; those that the reader has yet to guess have no weights. */
    known(tag) {
      return this.data.cells[tag].map((cell, i) => (this.secret(i, tag) ? { ...cell, weights: [] } : cell));
    }

    renderQuiz() {
      const question = `Which source does “${this.data.labels[this.tag]}” come most from here?`;
      const options = [...this.data.components.map((component) => component.name), "none of them"];
      const buttons = options.map((name, i) => {
        const button = create("button", { type: "button" }, name);
        button.addEventListener("click", () => this.guess(i < this.data.components.length ? i : null));
        return button;
      });
      this.find(".quiz").replaceChildren(create("p", {}, question), create("p", {}, ...buttons));
    }

    guess(component) {
      this.guessed.set(`${this.tag} ${this.window}`, this.verdict(component));
      this.views.filter((view) => view.window >= 0).forEach((view) => view.render()); // they share a scale
      this.find(".say").focus();
    }

    /** What is said of a guess, which is counted unless nothing is known. */
    verdict(component) {
      const { right, close, none, same } = this.cell.answers;
      if (!none && right.length === 0) return "Nobody can say here, so this is not counted. ";
      const good = component === null ? none : [...right, ...close].includes(component);
      this.right += Number(good);
      this.judged += 1;
      const verdict = `${good ? "Right" : "Wrong"} (${this.right} of ${this.judged} right so far). `;
      if (!close.includes(component)) return verdict;
      return `${verdict}${this.data.components[component].name} adds as much as what is named first, to within ${same}. `;
    }

    /** Signed bars around zero, with whiskers where the weights are estimates. */
    bars() {
      const { data, cell } = this;
      const order = shown(cell.weights);
      const heaviest = this.alike().map((one) => Math.max(0, ...one.cell.weights.map(Math.abs)));
      const reach = Math.max(data.bounded ? LEAST_REACH : 1e-9, ...heaviest);
      const half = (value) => Math.min(49.5, (49.5 * Math.abs(value)) / reach);
      const rows = order.map((i) => {
        const [weight, error] = [cell.weights[i], cell.errors?.[i] ?? 0];
        const { name, color } = data.components[i];
        const x = weight < 0 ? 50 - half(weight) : 50;
        const drawing = create("svg:svg", { viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" },
          create("svg:line", { x1: 50, x2: 50, y1: 0, y2: 12, class: "zero" }),
          create("svg:rect", { x, y: 2, width: half(weight), height: 8, fill: color }));
        if (error > 0) {
          const middle = 50 + Math.sign(weight) * half(weight);
          const wide = half(error);
          drawing.append(create("svg:line", { x1: middle - wide, x2: middle + wide, y1: 6, y2: 6, class: "whisker" }));
        }
        const about = error > 0 ? ` ±${error.toFixed(cell.digits)}` : "";
        return create("div", { class: cell.top.includes(i) ? "bar top" : "bar" },
          create("span", { class: "name" }, name), drawing,
          create("span", { class: "number" }, signed(weight, cell.digits) + about));
      });
      const more = cell.weights.length - order.length;
      if (more > 0) rows.push(create("p", { class: "more" }, `and ${more} more, each smaller`));
      return rows;
    }

    /** What many segments add and take away over the window: stacked, in the colours of their sources; few are bars. */
    segments() {
      const { data, cell } = this;
      const parts = stacked(data.components, cell.weights);
      if (parts.length <= MOST_BARS) return [];
      const { t, d } = data.windows[this.window];
      const drawn = this.alike().filter((one) => one.cell.weights.length);
      const all = drawn.flatMap((one) => stacked(one.view.data.components, one.cell.weights));
      const high = Math.max(data.bounded ? LEAST_REACH : 1e-9, ...all.map(({ top }) => top));
      const low = Math.min(0, ...all.map(({ top, height }) => top - height));
      const [x, y] = [(second) => (1000 * second) / d, (value) => (100 * (high - value)) / (high - low)];
      const boxes = parts.map(({ on, color, top, height }) => create("svg:rect", {
        x: x(on[0]), width: x(on[1] - on[0]) - 3, y: y(top), height: (100 * height) / (high - low), fill: color,
      }));
      const zero = create("svg:line", { x1: 0, x2: 1000, y1: y(0), y2: y(0), class: "zero" });
      const picture = { viewBox: "0 0 1000 100", preserveAspectRatio: "none", class: "segments", role: "img",
        "aria-label": "what each segment adds, over the window" };
      const axis = create("div", { class: "axis" }, create("span", {}, clock(t)), create("span", {}, clock(t + d)));
      return [create("svg:svg", picture, ...boxes, zero), axis];
    }

    /** The model's scores for the mix, for the top components alone, without them, and for the baseline. */
    scores() {
      const { data, cell } = this;
      const rows = [["the mix", cell.full, "mix"]];
      if (cell.alone !== null) rows.push([`only ${cell.top_name}`, cell.alone, "alone"]);
      if (cell.without !== null) rows.push([`without ${cell.top_name}`, cell.without, "without"]);
      rows.push([data.off, cell.empty, "empty"]);
      return rows.map(([name, value, kind]) => {
        const width = Math.max(0, Math.min(100, 100 * value));
        const drawing = create("svg:svg", { viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" },
          create("svg:rect", { x: 0, y: 2, width: 100, height: 8, class: "track" }),
          create("svg:rect", { x: 0, y: 2, width, height: 8, class: kind }));
        return create("div", { class: "bar" }, create("span", { class: "name" }, name),
          data.bounded ? drawing : create("span"),
          create("span", { class: "number" }, plain(value, cell.digits)));
      });
    }

    /** The sources' weights for the chosen label in every window, stacked above and below zero, and the score as a line. */
    drawOverTime() {
      const picture = this.find(".over-time");
      if (!picture) return;
      const { data } = this;
      const { windows, components } = data;
      const [row, all] = [this.known(this.tag), this.alike().map(({ cell }) => cell)];
      const top = ({ full, empty, weights }) => Math.max(full, sum(weights, 1) + Math.max(empty, 0));
      const high = Math.max(1e-9, ...all.map(top));
      const low = Math.min(0, ...all.map((cell) => Math.min(cell.full, sum(cell.weights, -1))));
      const x = (t) => 1000 * this.across(t);
      const y = (value) => (100 * (high - value)) / (high - low);
      const parts = [];
      row.forEach((cell, i) => {
        const { t, d, silent } = windows[i];
        const [left, whole] = [x(t), x(Math.min(t + d, windows[i + 1]?.t ?? Infinity)) - x(t)]; // up to the next one
        const width = Math.max(whole - 1, 1);
        if (!silent) parts.push(create("svg:rect", { x: left, width: whole + 0.5, y: 0, height: 100, class: "ground" }));
        const bars = create("svg:g", data.least !== null && cell.full < data.least ? { class: "faded" } : {});
        let [up, down] = [Math.max(cell.empty, 0), 0];
        bars.append(create("svg:rect", { x: left, width, y: y(up), height: y(0) - y(up), class: "empty" }));
        cell.weights.forEach((weight, j) => {
          const from = weight > 0 ? up + weight : down;
          if (weight > 0) up += weight;
          else down += weight;
          const height = (100 * Math.abs(weight)) / (high - low);
          bars.append(create("svg:rect", { x: left, width, y: y(from), height, fill: components[j].color }));
        });
        parts.push(bars);
        parts.push(create("svg:line", { x1: left, x2: left + width, y1: y(cell.full), y2: y(cell.full), class: "full" }));
      });
      parts.push(create("svg:line", { x1: 0, x2: 1000, y1: y(0), y2: y(0), class: "zero" }));
      const { t, d } = windows[this.window];
      parts.push(create("svg:rect", { x: x(t), width: x(t + d) - x(t), y: 0, height: 100, class: "cursor" }));
      picture.replaceChildren(...parts);
      this.find(".most").textContent = plain(high, data.digits);
    }

    /** A column for every whole window, where it sounds; what none covers stays empty. */
    drawTaggram() {
      const canvas = this.find(".taggram canvas");
      if (!canvas) return;
      const { labels, times, ends, scores } = this.data.taggram;
      [canvas.width, canvas.height] = [Math.min(Math.max(MAP_PIXELS, 4 * times.length), 4 * MAP_PIXELS), labels.length];
      canvas.style.height = `${1.15 * labels.length}rem`;
      const pen = canvas.getContext("2d");
      const [style, x] = [getComputedStyle(canvas), (second) => Math.round(canvas.width * this.across(second))];
      const fill = (color, opaque, column, line, height) => {
        [pen.fillStyle, pen.globalAlpha] = [color, opaque];
        pen.fillRect(x(times[column]), line, x(ends[column]) - x(times[column]), height);
      };
      scores.forEach((row, column) => {
        fill(style.getPropertyValue("--panel"), 1, column, 0, labels.length);
        row.forEach((score, line) => fill(style.color, opacity(score) / 255, column, line, 1));
      });
    }

    markTaggram() {
      const mark = this.find(".taggram .mark");
      if (!mark) return;
      const { labels } = this.data.taggram;
      const line = labels.indexOf(this.data.labels[this.tag]);
      const { t, d } = this.data.windows[this.window];
      mark.hidden = line < 0;
      mark.style.left = `${100 * this.across(t)}%`;
      mark.style.width = `${100 * (this.across(t + d) - this.across(t))}%`;
      mark.style.top = `${(100 * line) / labels.length}%`;
      mark.style.height = `${100 / labels.length}%`;
    }

    tellPlayer(hidden) {
      if (!this.player) return;
      const { data, cell } = this;
      if (hidden || cell.top.length === 0) {
        this.player.setExplanation(null);
        return;
      }
      const components = cell.top.map((i) => data.components[i]);
      const { t, d } = data.windows[this.window];
      const from = t - data.start_s;
      const stems = this.player.data.stems.map((stem) => stem.name);
      const { only, without } = intervals(components, from, stems, this.player.data.duration_s);
      const edges = components.flatMap(({ on }) => on ?? [0, d]);
      const span = [from + Math.min(...edges), from + Math.max(...edges)];
      this.player.setExplanation({
        label: data.labels[this.tag], top: { name: cell.top_name, on: only, gain_db: cell.gain_db },
        without: { on: without, gain_db: null }, span,
      });
    }
  }

  function sum(values, sign) {
    return values.reduce((total, value) => (value * sign > 0 ? total + value : total), 0);
  }

  /** How opaque a score is drawn: soft scores are told apart better than high ones, as most scores are soft. */
  function opacity(score) {
    return Math.round(255 * Math.sqrt(Math.max(0, Math.min(1, score))));
  }

  /** One sound at a time: of the players, and of what is heard of maps. */
  function soundAlone() {
    const clips = [...document.querySelectorAll(".sounds audio")];
    const still = (all) => all.forEach((clip) => clip.pause());
    for (const clip of clips) {
      clip.addEventListener("play", () => {
        audiolime.sounding?.pause();
        still(clips.filter((other) => other !== clip));
      });
    }
    document.addEventListener("audiolime:state", ({ detail }) => { if (detail.state === "playing") still(clips); });
  }

  function mountPage() {
    const views = [];
    document.querySelectorAll("section.view").forEach((root, i) => {
      const player = root.querySelector(".audiolime");
      views.push(new View(root, i, player ? audiolime.mountPlayer(player) : null, views));
    });
    const go = () => {
      const { t, tag, view } = readPlace(window.location.hash);
      const first = new Map([...views].reverse().map((one) => [one.data.recording, one])); // the others follow it
      const meant = views[view ?? 0] ?? views[0];
      for (const one of [...first.values(), meant]) {
        if (!one.data.labels.length || one.window < 0) continue;
        const label = one === meant ? Math.max(0, one.data.labels.indexOf(tag)) : 0;
        const at = one === meant && t !== null ? windowAt(one.data.windows, t + 1e-3) : one.strongest(label);
        one.choose(label, at, { silent: true });
      }
    };
    window.addEventListener("hashchange", go);
    go();
    for (const note of document.querySelectorAll("[data-seek]")) {
      note.disabled = false;
      note.addEventListener("click", () => {
        const heard = views.find(({ player }) => player && player === audiolime.sounding);
        (heard ?? views.find(({ player }) => player) ?? views[0]).playFrom(Number(note.dataset.seek));
      });
    }
    soundAlone();
    document.body.classList.add("live");
    for (const button of document.querySelectorAll("button[data-copy]")) {
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = "copied";
      });
    }
    return views;
  }

  Object.assign(audiolime, { mountPage, windowAt, shown, readPlace, writePlace, intervals, signed, plain, opacity, clock });
})((globalThis.audiolime ??= {}));
