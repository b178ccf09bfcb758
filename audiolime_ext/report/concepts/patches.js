/* Panel 3: patches of a concept, each outlined in the spectrogram of its window, played alone and in context. */
"use strict";

(function (audiolime) {
  const { clock } = audiolime.layout;

  function made(tag, properties = {}, ...inside) {
    const { data = {}, ...others } = properties;
    const node = Object.assign(document.createElement(tag), others);
    Object.assign(node.dataset, data);
    node.append(...inside);
    return node;
  }

  /** A button that plays something; `id` tells what. */
  function player(text, label, id) {
    const button = made("button", { type: "button", textContent: text, className: "play", data: { play: id } });
    button.setAttribute("aria-label", label);
    button.setAttribute("aria-pressed", "false");
    return button;
  }

  /** The patches of a concept as a list of pictures. */
  function listPatches(box, { data, concept, sounds, pictures }) {
    const { patches, why, name } = data.concepts[concept];
    const items = patches.map((patch, i) => item(patch, `${concept} ${i}`, { data, sounds, pictures, nth: i + 1, name }));
    box.replaceChildren(...items.map(([node]) => node));
    for (const [, draw] of items) draw();
    return why;
  }

  function item(patch, id, { data, sounds, pictures, nth, name }) {
    const song = data.songs[patch.song];
    const span = sounds.spanOf(patch);
    const figure = made("figure", { className: "patch" });
    const seen = span && pictures.has(patch.song);
    const canvas = made("canvas");
    if (seen) {
      const held = made("div", { className: "seen" }, canvas, made("div", { className: "playhead", hidden: true }));
      Object.assign(held.dataset, { window: id });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `Spectrogram of the window of patch ${nth}: ${patch.where}`);
      figure.append(held);
    }
    const buttons = made("div", { className: "buttons" });
    if (sounds.hasAlone(patch)) buttons.append(player("Alone", `Play patch ${nth} of ${name} alone`, `alone ${id}`));
    if (sounds.hasContext(patch)) {
      buttons.append(player("In context", `Play patch ${nth} of ${name} in context`, `context ${id}`));
    }
    const open = made("button", { type: "button", className: "plain song-name", data: { song: patch.song } }, song.name);
    const time = span ? `${clock(song.start + span[0])}–${clock(song.start + span[1])}; ` : "";
    const caption = made("figcaption", {}, open, made("span", { className: "facts" }, `${time}${patch.where}`));
    if (!buttons.children.length && !patch.silent) {
      caption.append(made("span", { className: "facts" }, song.why ?? "its sound is not in this page"));
    }
    figure.append(buttons, caption);
    const row = made("li", {}, figure);
    return [row, () => seen && pictures.patch(canvas, patch, span)];
  }

  Object.assign(audiolime, { listPatches, made, player });
})((globalThis.audiolime ??= {}));
