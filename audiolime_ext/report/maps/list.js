/* The songs of a map as text: the box that finds them by name, and the table of all, in pages. */
"use strict";

(function (audiolime) {
  const { folded, matching, sorted, similarity } = audiolime.songs;
  const MOST_OFFERED = 8;
  const ON_A_PAGE = 25;
  const NAMED = 3; // neighbours in a row of the table

  function element(tag, text = "", properties = {}) {
    const made = Object.assign(document.createElement(tag), properties);
    if (text) made.textContent = text;
    return made;
  }

  /** A cell of the table; on narrow screens it tells its column itself. */
  function cell(head, text) {
    const made = element("td", text);
    made.dataset.head = head;
    return made;
  }

  /** The box: what is typed is highlighted on the map and shortens the table; Enter chooses, Escape clears, both leave. */
  class Search {
    /** `on` hears: found(songs or null), choose(song), leave(). */
    constructor(root, names, on) {
      Object.assign(this, { on, names, folded: names.map(folded), found: [], active: -1 });
      [this.input, this.list, this.told] = ["#search", "#found", ".matches"].map((at) => root.querySelector(at));
      this.input.addEventListener("input", () => this.#search());
      this.input.addEventListener("keydown", (event) => this.#key(event));
      this.input.addEventListener("blur", () => this.#offer([]));
      this.input.addEventListener("focus", () => this.#offer(this.found));
      this.list.addEventListener("pointerdown", (event) => event.preventDefault());
      this.list.addEventListener("click", ({ target }) => {
        const option = target.closest("[data-song]");
        if (option) this.#choose(Number(option.dataset.song));
      });
    }

    focus() {
      this.input.focus();
      this.input.select();
    }

    clear() {
      this.input.value = "";
      this.#search();
    }

    #search() {
      const text = this.input.value.trim();
      this.found = matching(this.folded, text);
      const n = this.found.length;
      this.told.textContent = text ? `${n} ${n === 1 ? "song matches" : "songs match"}` : "";
      this.#offer(this.found);
      this.on.found(text ? this.found : null);
    }

    #offer(found) {
      this.active = found.length && this.input.value.trim() ? 0 : -1;
      const offered = this.active < 0 ? [] : found.slice(0, MOST_OFFERED);
      this.list.replaceChildren(...offered.map((song, i) => {
        const option = element("li", this.names[song], { id: `found-${i}` });
        option.setAttribute("role", "option");
        option.dataset.song = song;
        return option;
      }));
      this.list.hidden = !offered.length;
      this.input.setAttribute("aria-expanded", String(!this.list.hidden));
      this.#mark();
    }

    #mark() {
      [...this.list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === this.active)));
      if (this.active >= 0) this.input.setAttribute("aria-activedescendant", `found-${this.active}`);
      else this.input.removeAttribute("aria-activedescendant");
    }

    #key(event) {
      const n = this.list.children.length;
      if ((event.key === "ArrowDown" || event.key === "ArrowUp") && n) {
        this.active = (this.active + (event.key === "ArrowDown" ? 1 : n - 1)) % n;
        this.#mark();
      } else if (event.key === "Enter" && this.active >= 0) {
        this.#choose(this.found[this.active]);
        this.on.leave();
      } else if (event.key === "Escape") {
        this.clear();
        this.on.leave();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    }

    #choose(song) {
      this.on.choose(song);
      this.#offer([]);
    }
  }

  /** The table: 25 songs at a time, those that are searched for or of the chosen group. */
  class Table {
    /** `near` gives a song's neighbours; `on` hears choose(song, aloud). */
    constructor(root, data, { near, heard, choose }) {
      Object.assign(this, { data, near, heard, page: 0, by: null, downward: false, songs: [...data.names.keys()] });
      this.root = root.querySelector(".list");
      this.body = this.root.querySelector("tbody");
      this.root.addEventListener("click", ({ target }) => {
        const button = target.closest("button");
        if (!button) return;
        if (button.dataset.sort) this.#sort(button);
        else if (button.dataset.page) this.#turn(button.dataset.page === "next" ? 1 : -1);
        else choose(Number(button.dataset.song), "aloud" in button.dataset);
      });
      this.draw();
    }

    /** Show these songs alone. */
    show(songs) {
      Object.assign(this, { songs, page: 0 });
      this.draw();
    }

    draw() {
      const { data } = this;
      const all = sorted(this.songs, this.by, data, this.downward);
      const n = Math.max(1, Math.ceil(all.length / ON_A_PAGE));
      this.page = Math.min(this.page, n - 1);
      const rows = all.slice(this.page * ON_A_PAGE, (this.page + 1) * ON_A_PAGE);
      this.body.replaceChildren(...rows.map((song) => this.#row(song)));
      const total = data.names.length;
      const shown = all.length === total ? `${total} songs` : `${all.length} of ${total} songs`;
      this.root.querySelector(".shown").textContent = shown;
      this.root.querySelector(".at").textContent = `page ${this.page + 1} of ${n}`;
      this.root.querySelector("[data-page=before]").disabled = this.page === 0;
      this.root.querySelector("[data-page=next]").disabled = this.page === n - 1;
    }

    #row(song) {
      const { data } = this;
      const row = element("tr");
      const head = element("th");
      head.scope = "row";
      const play = element("button", "▶", { type: "button", title: `Play ${data.names[song]}` });
      play.setAttribute("aria-label", `Play ${data.names[song]}`);
      Object.assign(play.dataset, { song, aloud: "" });
      const name = element("button", data.names[song], { type: "button", className: "plain" });
      name.dataset.song = song;
      const cannot = this.heard.cannot(song);
      if (this.heard.any && !cannot) head.append(play, " ");
      head.append(name);
      if (cannot) head.append(element("span", ` ${cannot}`, { className: "facts" }));
      row.append(head);
      if (data.groups.length) row.append(cell(data.column, data.groups[data.of[song]]));
      const stability = data.stability[song];
      row.append(cell("stability", stability === null ? "–" : `${stability} %`));
      const near = this.near(song).slice(0, NAMED);
      const told = near.map((other, i) => `${data.names[other]} (${similarity(data.similar[data.k * song + i])})`);
      row.append(cell("nearest to it", told.join(", ")));
      return row;
    }

    #sort(button) {
      const by = button.dataset.sort;
      this.downward = this.by === by && !this.downward;
      Object.assign(this, { by, page: 0 });
      for (const other of this.root.querySelectorAll("[data-sort]")) {
        const sort = other !== button ? "none" : this.downward ? "descending" : "ascending";
        other.closest("th").setAttribute("aria-sort", sort);
      }
      this.draw();
    }

    #turn(by) {
      this.page += by;
      this.draw();
      this.root.querySelector(".scroll").scrollTop = 0;
    }
  }

  Object.assign(audiolime, { Search, Table, element });
})((globalThis.audiolime ??= {}));
