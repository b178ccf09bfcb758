/* Panel 4: human features of the songs of a concept, as one radar; the list beside it says which is which. */
"use strict";

(function (audiolime) {
  const { drawn, made } = audiolime;
  const { corner } = audiolime.layout;
  const [RADIUS, ROOM_X, ROOM_Y] = [92, 84, 26];

  /** Songs of a concept's patches, each once. */
  const songsOf = (data, concept) => [...new Set(data.concepts[concept].patches.map(({ song }) => song))];

  function anchorOf(x) {
    if (Math.abs(x) < 8) return "middle";
    return x < 0 ? "end" : "start";
  }

  /** Draw the radar of a concept's songs in `svg`, and their names in `list`; false: none has features. */
  function drawRadar(svg, list, data, concept) {
    const { names, songs } = data.features;
    const n = names.length;
    const own = songsOf(data, concept).filter((song) => songs[song]?.some(([share]) => share !== null));
    const parts = [0.25, 0.5, 0.75, 1].map((share) =>
      drawn("polygon", { class: "web", points: names.map((_, i) => corner(i, n, share, RADIUS).join()).join(" ") }),
    );
    names.forEach((name, i) => {
      const [x, y] = corner(i, n, 1, RADIUS);
      const [left, top] = corner(i, n, 1.1, RADIUS);
      parts.push(drawn("line", { class: "web", x1: 0, y1: 0, x2: x, y2: y }));
      const at = { x: left, y: top + 4, "text-anchor": anchorOf(left) };
      parts.push(drawn("text", at, name.length > 16 ? `${name.slice(0, 15)}…` : name));
    });
    for (const song of own) {
      const known = songs[song].map(([share], i) => [share, i]).filter(([share]) => share !== null);
      const points = known.map(([share, i]) => corner(i, n, share / 100, RADIUS).map((at) => at.toFixed(1)).join());
      const blob = drawn("polygon", { class: "blob", points: points.join(" "), "data-song": song });
      blob.append(drawn("title", {}, data.songs[song].name));
      parts.push(blob);
    }
    const box = [-RADIUS - ROOM_X, -RADIUS - ROOM_Y, 2 * (RADIUS + ROOM_X), 2 * (RADIUS + ROOM_Y)];
    svg.setAttribute("viewBox", box.join(" "));
    svg.setAttribute("aria-label", `Features of ${own.length} songs of ${data.concepts[concept].name}; the list tells them`);
    svg.replaceChildren(...parts);
    list.replaceChildren(...own.map((song) => {
      const told = songs[song].map(([, value], i) => `${names[i]} ${value ?? "not known"}`).join(", ");
      const button = made("button", { type: "button", className: "plain song-name", data: { song } }, data.songs[song].name);
      return made("li", { data: { radar: song } }, button, made("span", { className: "facts" }, told));
    }));
    return own.length > 0;
  }

  /** Light one song of a radar; null: all are as they were. */
  function lightSong(card, song) {
    for (const blob of card.querySelectorAll(".blob")) {
      blob.classList.toggle("lit", blob.dataset.song === song);
      blob.classList.toggle("dim", song !== null && blob.dataset.song !== song);
    }
    for (const row of card.querySelectorAll("[data-radar]")) row.classList.toggle("dim", song !== null && row.dataset.radar !== song);
  }

  Object.assign(audiolime, { drawRadar, lightSong });
})((globalThis.audiolime ??= {}));
