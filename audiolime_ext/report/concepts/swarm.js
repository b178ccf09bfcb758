/* Panel 1: concepts by class, as dots along the logits; and what both pictures of dots have in common. */
"use strict";

(function (audiolime) {
  const { ticks, reach, beeswarm, bandOf, signed } = audiolime.layout;
  const { towards } = audiolime.songs;
  const { ResizeObserver } = globalThis;
  const SPACE = "http://www.w3.org/2000/svg";
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const [RADIUS, LABEL, GAP, SIDE, AXIS] = [5.5, 22, 12, 14, 40];

  /** An element of a drawing. */
  function drawn(name, attributes = {}, text = "") {
    const made = document.createElementNS(SPACE, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  }

  /** Dots that are pointed at, walked over with arrow keys, and chosen: one of them is reached by Tab. */
  class Dots {
    /** `on` hears: point(dot or null), choose(dot), pin(dot). Each dot is {concept, x, y, node}, in pixels. */
    constructor(svg, on) {
      Object.assign(this, { svg, on, dots: [], at: 0 });
      const dotOf = (target) => this.dots.find(({ node }) => node === target.closest?.(".dot")) ?? null;
      svg.addEventListener("pointermove", ({ target }) => on.point(dotOf(target))); // not "over", which scrolling makes
      svg.addEventListener("pointerleave", () => on.point(null));
      svg.addEventListener("focusin", ({ target }) => {
        const dot = dotOf(target);
        if (dot) this.#rove(dot);
        on.point(dot);
      });
      svg.addEventListener("focusout", () => on.point(null));
      svg.addEventListener("click", ({ target }) => {
        const dot = dotOf(target);
        if (!dot) return;
        this.#rove(dot);
        on.choose(dot);
      });
      svg.addEventListener("keydown", (event) => this.#key(event));
    }

    /** Show these dots; the one that Tab reaches is of the `concept`. */
    show(dots, concept) {
      const focused = this.dots[this.at];
      const had = focused?.node.contains(document.activeElement);
      this.dots = dots;
      const same = had ? dots.findIndex((one) => one.concept === focused.concept && one.row === focused.row) : -1;
      const own = dots.findIndex((one) => one.concept === concept);
      this.#rove(dots[Math.max(0, same >= 0 ? same : own)]);
      if (had) this.dots[this.at]?.node.focus();
    }

    #rove(dot) {
      if (!dot) return;
      this.at = this.dots.indexOf(dot);
      for (const one of this.dots) one.node.setAttribute("tabindex", one === dot ? "0" : "-1");
    }

    #key(event) {
      const dot = this.dots[this.at];
      if (!dot || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Enter" || event.key === " ") this.on.choose(dot);
      else if (event.key === "p") this.on.pin(dot);
      else if (event.key === "Home") this.dots[0].node.focus();
      else if (event.key === "End") this.dots.at(-1).node.focus();
      else if (ARROWS[event.key]) {
        const next = towards(this.dots.flatMap(({ x, y }) => [x, y]), this.at, ARROWS[event.key]);
        if (next >= 0) this.dots[next].node.focus();
      } else return;
      event.preventDefault();
    }
  }

  /** Light a concept and those that are near to it among dots; −1: all are as they were. */
  function light(dots, concept, near) {
    for (const { concept: own, node } of dots) {
      node.classList.toggle("lit", own === concept);
      node.classList.toggle("kin", concept >= 0 && own !== concept && near.has(own));
      node.classList.toggle("dim", concept >= 0 && own !== concept && !near.has(own));
    }
  }

  /** Ring the chosen and the pinned concepts among dots, each in its colour. */
  function ring(dots, colors) {
    for (const { concept, node } of dots) {
      const color = colors.get(concept);
      node.classList.toggle("chosen", Boolean(color));
      node.querySelector(".ring").setAttribute("stroke", color ?? "none");
      node.setAttribute("aria-pressed", String(Boolean(color)));
    }
  }

  /** The first panel. */
  class Swarm {
    constructor(svg, data, on) {
      const marks = data.marks.map(([concept, row, x, low, high, band, significant, told]) => ({
        concept, row, x, low, high, band, significant, told,
      }));
      Object.assign(this, { svg, data, marks, domain: reach(marks) });
      this.dots = new Dots(svg, on);
      new ResizeObserver(() => this.draw()).observe(svg.parentElement);
      this.draw();
    }

    draw() {
      const width = Math.max(240, this.svg.parentElement.clientWidth);
      if (width === this.width) return;
      this.width = width;
      const [low, high] = this.domain;
      const x = (value) => SIDE + ((value - low) / (high - low)) * (width - 2 * SIDE);
      this.x = x;
      const parts = [];
      const dots = [];
      let top = 4;
      this.data.classes.forEach((name, row) => {
        const own = this.marks.filter((mark) => mark.row === row);
        const moved = beeswarm(own.map((mark) => x(mark.x)), 2 * RADIUS + 1);
        const half = Math.max(RADIUS, ...moved.map(Math.abs)) + RADIUS + 3;
        const middle = top + LABEL + half;
        parts.push(...this.#row(name, own, { top, middle, half, width }));
        own.forEach((mark, i) => dots.push(this.#dot(mark, x(mark.x), middle + moved[i])));
        top = middle + half + GAP;
      });
      parts.unshift(...this.#axis(top, width));
      this.interval = drawn("path", { class: "interval", "aria-hidden": "true" });
      this.svg.replaceChildren(...parts, this.interval, ...dots.map(({ node }) => node));
      this.svg.setAttribute("viewBox", `0 0 ${width} ${top + AXIS}`);
      this.svg.setAttribute("height", top + AXIS);
      this.dots.show(dots, this.chosen ?? 0);
      if (this.colors) ring(dots, this.colors);
    }

    /** Ring concepts; the first of them is where Tab leads. */
    ring(colors, chosen) {
      Object.assign(this, { colors, chosen });
      ring(this.dots.dots, colors);
    }

    light(concept, near) {
      light(this.dots.dots, concept, near);
      const dots = this.dots.dots.filter((dot) => dot.concept === concept && dot.mark.low !== null);
      const line = ({ mark, y }) => {
        const [from, to] = [mark.low, mark.high].map((end) => Math.min(this.width, Math.max(0, this.x(end))));
        return `M${from} ${y - 4}v8M${from} ${y}H${to}M${to} ${y - 4}v8`;
      };
      this.interval.setAttribute("d", dots.map(line).join(""));
    }

    #row(name, own, { top, middle, half, width }) {
      const band = bandOf(own);
      const box = { y: middle - half, height: 2 * half };
      const parts = [drawn("rect", { class: "ground", x: 0, width, ...box })];
      if (band) {
        const [left, right] = band.map(this.x);
        parts.push(drawn("rect", { class: "chance", x: left, width: Math.max(1, right - left), ...box }));
      }
      parts.push(drawn("line", { class: "zero", x1: this.x(0), x2: this.x(0), y1: middle - half, y2: middle + half }));
      const words = own.length ? "" : " – nothing that could be drawn";
      parts.push(drawn("text", { class: "class", x: 2, y: top + LABEL - 7 }, `${name}${words}`));
      return parts;
    }

    #axis(top, width) {
      const parts = [];
      const found = ticks(...this.domain, Math.max(2, Math.floor(width / 90)));
      for (const value of found) {
        const at = this.x(value);
        parts.push(drawn("line", { class: "tick", x1: at, x2: at, y1: 4, y2: top }));
        const anchor = at < 24 ? "start" : at > width - 24 ? "end" : "middle";
        parts.push(drawn("text", { x: at, y: top + 14, "text-anchor": anchor }, signed(Number(value.toPrecision(6)))));
      }
      parts.push(drawn("text", { x: width / 2, y: top + 32, "text-anchor": "middle" }, "logits"));
      return parts;
    }

    #dot(mark, x, y) {
      const { name, of, flags } = this.data.concepts[mark.concept];
      const kind = of < 0 ? "given" : "found";
      const way = mark.x >= 0 ? "for" : "against";
      const node = drawn("g", { class: `dot ${kind} ${way} ${mark.significant ? "sure" : "open"}`, role: "button" });
      const suspect = flags ? ", suspect" : "";
      const asked = of < 0 ? ` and ${this.data.classes[mark.row]}` : "";
      node.setAttribute("aria-label", `${name}${asked}: ${mark.told}${suspect}`);
      node.append(drawn("circle", { class: "ring", cx: x, cy: y, r: RADIUS + 3.5 }), shape(kind, x, y));
      if (flags) node.append(drawn("path", { class: "suspect", d: `M${x + 4} ${y - 12}l4.5 8h-9z` }));
      return { concept: mark.concept, row: mark.row, mark, x, y, node };
    }
  }

  /** A circle, or a diamond for what was given. */
  function shape(kind, x, y) {
    const r = RADIUS;
    if (kind === "found") return drawn("circle", { class: "shape", cx: x, cy: y, r: r - 0.75 });
    return drawn("path", { class: "shape", d: `M${x} ${y - r - 1}L${x + r + 1} ${y}L${x} ${y + r + 1}L${x - r - 1} ${y}Z` });
  }

  Object.assign(audiolime, { Swarm, Dots, drawn, light, ring, shape });
})((globalThis.audiolime ??= {}));
