/* The page about why songs are near: players whose stems are switched together, and cells that play two stems.
 *
 * An inert JSON script says of each song {role, span, stem}: which seconds of its player are the window that is meant,
 * and which stem adds most there. A cell is a button with data-pair (the role of the other song), data-row and
 * data-column (stems), data-query and data-other (seconds of the two players).
 */
"use strict";

(function (audiolime) {
  const { alone, indices } = audiolime.timeline;

  /** A choice among the stems `from` as one among the stems `to`, by name; null where `to` has none of them. */
  function mirrored(choice, from, to) {
    if (choice.kind !== "stem" && choice.kind !== "stems") return choice;
    const found = translated(indices(choice), from, to);
    return found.length ? alone(found) : null;
  }

  /** Positions of stems of the same names, in order. */
  function translated(stems, from, to) {
    return stems.map((i) => to.indexOf(from[i])).filter((i) => i >= 0).sort((one, other) => one - other);
  }

  /** Names of stems that are switched in one song and are not in the other. */
  function missing(stems, from, to) {
    return stems.map((i) => from[i]).filter((name) => !to.includes(name));
  }

  /** What a window offers to hear: its leading stem alone, and everything without it. */
  function offered(stems, duration_s, stem) {
    const only = stems.map(({ name }) => (name === stem ? [[0, duration_s]] : []));
    const without = stems.map(({ name }) => (name === stem ? [] : [[0, duration_s]]));
    const gain_db = stems.find(({ name }) => name === stem)?.gain_db ?? null;
    return { label: stem, top: { name: stem, on: only, gain_db }, without: { on: without, gain_db: null } };
  }

  const namesOf = (player) => player.data.stems.map((stem) => stem.name);

  /** Several players as one: what is switched in one of them, is switched in all. */
  class Linked {
    constructor(players, status) {
      Object.assign(this, { players, status, still: false });
      for (const player of players)
        player.root.addEventListener("audiolime:choice", () => this.follow(player));
    }

    /** Let the others hear what one player hears. */
    follow(player) {
      if (this.still) return;
      const [{ choice, muted, options }, told] = [player, []];
      for (const other of this.players.filter((one) => one !== player)) {
        const [from, to] = [namesOf(player), namesOf(other)];
        const lacks = missing([...indices(choice), ...muted], from, to);
        if (lacks.length) told.push(`${other.data.name} has no ${lacks.join(", ")}`);
        const meant = choice.kind === "only" || choice.kind === "without" ? other.explanation : true;
        const found = mirrored(choice, from, to);
        this.quietly(() => {
          if (found && meant) {
            const heard = found.kind === "only" || found.kind === "without" ? other.explained(found.kind) : found;
            other.adopt(heard, translated([...muted], from, to));
          }
          if (other.options.matched !== options.matched || other.options.asHeard !== options.asHeard)
            other.setOptions({ ...options });
        });
      }
      if (this.status) this.status.textContent = told.join("; ");
    }

    /** Do something that no other player follows. */
    quietly(action) {
      const before = this.still;
      this.still = true;
      try {
        return action();
      } finally {
        this.still = before;
      }
    }
  }

  /** The cells of the matrices, of which one plays at a time. */
  class Cells {
    constructor(root, byRole, linked) {
      Object.assign(this, { byRole, linked, current: null });
      this.status = root.querySelector(".cell-heard");
      for (const button of root.querySelectorAll("[data-pair]"))
        button.addEventListener("click", () => (this.current === button ? this.stop() : this.play(button)));
    }

    stop() {
      const { current } = this;
      this.current = null;
      current?.setAttribute("aria-pressed", "false");
      for (const player of this.byRole.values()) if (player.busy) player.pause();
      if (this.status) this.status.textContent = "";
    }

    /** The query's stem, then the other song's; afterwards both players hear what they heard before. */
    async play(button) {
      this.stop();
      this.current = button;
      button.setAttribute("aria-pressed", "true");
      const seconds = (text) => text.split(" ").map(Number);
      const turns = [
        ["query", button.dataset.row, seconds(button.dataset.query)],
        [button.dataset.pair, button.dataset.column, seconds(button.dataset.other)],
      ];
      for (const [role, stem, span] of turns) {
        if (this.current !== button) return;
        await this.turn(this.byRole.get(role), stem, span, button);
      }
      if (this.current === button) this.stop();
    }

    async turn(player, stem, [begin, end], button) {
      const index = namesOf(player).indexOf(stem);
      if (index < 0) return;
      const before = { choice: player.choice, muted: new Set(player.muted), range: player.selection, on: player.looping };
      if (this.status) this.status.textContent = `${stem} of ${player.data.name}`;
      await this.linked.quietly(() => player.adopt(alone([index]), []));
      await player.loop(null);
      await player.seek(begin);
      await player.play();
      await until(player, () => this.current !== button || !player.busy || player.position() >= end);
      if (player.busy) player.pause();
      await this.linked.quietly(() => player.adopt(before.choice, before.muted));
      player.selection = before.range;
      await player.setLooping(before.on);
      if (before.range) await player.seek(before.range[0]);
    }
  }

  /** When a condition holds, which is looked at while a player moves. */
  function until(player, holds) {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        clearInterval(timer);
        resolve();
      };
      const timer = setInterval(look, 20);
      look();
    });
  }

  function mountWhy() {
    const data = JSON.parse(document.querySelector("script.why-data").textContent);
    const byRole = new Map();
    for (const { role, span, stem } of data.songs) {
      const player = audiolime.mountPlayer(document.querySelector(`[data-role="${role}"] .audiolime`));
      byRole.set(role, player);
      if (stem !== null) player.setExplanation({ ...offered(player.data.stems, player.data.duration_s, stem), span });
      player.seek(span[0]);
      player.loop(...span);
    }
    const linked = new Linked([...byRole.values()], document.querySelector(".unmatched"));
    return { byRole, linked, cells: new Cells(document, byRole, linked) };
  }

  Object.assign(audiolime, { mountWhy, mirrored, translated, missing, offered });
})((globalThis.audiolime ??= {}));
