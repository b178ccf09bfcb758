/* Panel 2: concepts in groups of like directions, as a picture; and those nearest to the chosen one, as a list. */
"use strict";

(function (audiolime) {
  const { Dots, drawn, light, ring, shape } = audiolime;
  const { ResizeObserver } = globalThis;
  const EDGE = 20;

  class GroupsPicture {
    /** `groups.of` holds [concept, group, x, y] with places from −.5 to .5, y upward. */
    constructor(svg, data, on) {
      Object.assign(this, { svg, data });
      this.dots = new Dots(svg, on);
      new ResizeObserver(() => this.draw()).observe(svg.parentElement);
      this.draw();
    }

    draw() {
      const width = Math.max(200, this.svg.parentElement.clientWidth);
      if (width === this.width) return;
      this.width = width;
      const height = Math.min(width, 440);
      const scale = Math.min(width, height) - 2 * EDGE;
      const dots = this.data.groups.of.map(([concept, group, px, py]) => {
        const [x, y] = [width / 2 + px * scale, height / 2 - py * scale];
        return { concept, group, row: -1, x, y, node: this.#dot(concept, group, x, y) };
      });
      this.svg.replaceChildren(...dots.map(({ node }) => node), ...this.#names(dots));
      this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.svg.setAttribute("height", height);
      this.dots.show(dots, this.chosen ?? 0);
      if (this.colors) ring(dots, this.colors);
    }

    ring(colors, chosen) {
      Object.assign(this, { colors, chosen });
      ring(this.dots.dots, colors);
    }

    light(concept, near) {
      light(this.dots.dots, concept, near);
    }

    #dot(concept, group, x, y) {
      const { name, of } = this.data.concepts[concept];
      const kind = of < 0 ? "given" : "found";
      const node = drawn("g", { class: `dot ${kind} sure in-group g${group % 10}`, role: "button" });
      node.setAttribute("aria-label", `${name}, group ${group + 1}`);
      node.append(drawn("circle", { class: "ring", cx: x, cy: y, r: 9 }), shape(kind, x, y));
      return node;
    }

    /** The number of each group beside its middle. */
    #names(dots) {
      const groups = [...new Set(dots.map(({ group }) => group))].sort((one, other) => one - other);
      return groups.map((group) => {
        const own = dots.filter((dot) => dot.group === group);
        const x = own.reduce((sum, dot) => sum + dot.x, 0) / own.length;
        const top = Math.min(...own.map(({ y }) => y));
        return drawn("text", { class: "group-name", x, y: Math.max(12, top - 12), "text-anchor": "middle" }, String(group + 1));
      });
    }
  }

  /** The concepts that are near to the chosen one, as buttons. */
  function listNear(list, data, concept) {
    const { near } = data.concepts[concept];
    const rows = near.map(([other, cosine]) => {
      const row = document.createElement("li");
      const button = Object.assign(document.createElement("button"), { type: "button", className: "plain" });
      button.dataset.concept = other;
      button.textContent = data.concepts[other].name;
      const number = Object.assign(document.createElement("span"), { className: "number" });
      number.textContent = cosine.toFixed(2);
      row.append(button, " ", number);
      return row;
    });
    if (!rows.length) {
      const row = document.createElement("li");
      row.textContent = "none";
      rows.push(row);
    }
    list.replaceChildren(...rows);
  }

  Object.assign(audiolime, { GroupsPicture, listNear });
})((globalThis.audiolime ??= {}));
