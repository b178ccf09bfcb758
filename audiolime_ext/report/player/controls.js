/* What is pressed: buttons, keys, and the pointer on waveforms. */
"use strict";

(function (audiolime) {
  const { indices, alone, wavHeader } = audiolime.timeline;
  const STEP_S = 5;
  const DRAG_PX = 5;

  /** Let a player answer to what happens within its element, and to nothing else. */
  function bindControls(player) {
    const { root } = player;
    root.addEventListener("click", ({ target }) => {
      const button = target.closest("button[data-do]");
      if (button) press(player, button.dataset.do, Number(button.dataset.stem));
    });
    root.addEventListener("change", ({ target }) => {
      if (target.type === "checkbox") player.setOptions({ [target.dataset.do]: target.checked });
    });
    root.querySelector(".al-seek").addEventListener("input", ({ target }) => player.seek(Number(target.value)));
    for (const lane of root.querySelectorAll(".al-lane")) bindLane(player, lane);
    bindKeys(player);
    for (const event of ["pointerenter", "focusin"])
      root.addEventListener(event, () => player.sound.prepare().catch(() => {})); // pressing Play will say what failed
  }

  function press(player, action, stem) {
    const actions = {
      play: () => (player.busy ? player.pause() : player.play()),
      loop: () => player.setLooping(!player.looping),
      mix: () => player.listen({ kind: "mix" }),
      only: () => player.listen(player.explained("only")),
      without: () => player.listen(player.explained("without")),
      mute: () => player.mute(stem, !player.muted.has(stem)),
      solo: () => player.solo(stem, !indices(player.choice).includes(stem)),
      download: () => download(player),
      map: () => player.layers.toggle(),
    };
    return actions[action]();
  }

  /** Keys, but for those of browsers and readers; a button that was reached with the keyboard keeps its space bar. */
  function bindKeys(player) {
    const { root } = player;
    let byKeyboard = false;
    root.addEventListener("pointerdown", () => (byKeyboard = false));
    root.addEventListener("focusin", ({ target }) => (byKeyboard ||= target.matches(":focus-visible")));
    root.addEventListener("keydown", (event) => {
      if (event.key === "Tab") byKeyboard = true;
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.key === " " && byKeyboard && event.target.closest("button, input")) return;
      if (!answer(player, event.key)) return;
      event.preventDefault();
      event.stopPropagation(); // a notebook has keys of its own
    });
  }

  /** Act on a key; false where it means nothing here. */
  function answer(player, key) {
    const rows = [...player.root.querySelectorAll(".al-stem")].map((row) => Number(row.dataset.row));
    const stem = /^[1-9]$/.test(key) ? rows[Number(key) - 1] : undefined;
    const by = { ArrowLeft: -STEP_S, ArrowDown: -STEP_S, ArrowRight: STEP_S, ArrowUp: STEP_S }[key];
    if (key === " ") press(player, "play");
    else if (key === "0") press(player, "mix");
    else if (stem !== undefined) player.listen(alone([stem]));
    else if (by !== undefined) player.seek(player.position() + by);
    else if (key.toLowerCase() === "l") press(player, "loop");
    else if (key.toLowerCase() === "m" && player.layers.shown >= 0) press(player, "map");
    else if (key.toLowerCase() === "a") player.beginSelection();
    else if (key.toLowerCase() === "b") player.endSelection();
    else if (key === "Escape" && (player.selection || player.begin !== null)) player.loop(null);
    else return false;
    return true;
  }

  /** A click seeks; dragging selects what is to be repeated. */
  function bindLane(player, lane) {
    const timeOf = ({ clientX }) => {
      const { left, width } = lane.getBoundingClientRect();
      return Math.min(1, Math.max(0, (clientX - left) / width)) * player.data.duration_s;
    };
    let down = null;
    lane.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      down = { x: event.clientX, t: timeOf(event), dragged: false };
      lane.setPointerCapture(event.pointerId);
    });
    lane.addEventListener("pointermove", (event) => {
      if (!down) return;
      down.dragged ||= Math.abs(event.clientX - down.x) > DRAG_PX;
      if (!down.dragged) return;
      player.root.classList.add("selected");
      player.place("--loop", ...[down.t, timeOf(event)].sort((one, other) => one - other));
    });
    lane.addEventListener("pointerup", (event) => {
      if (down?.dragged) player.loop(down.t, timeOf(event));
      else if (down) player.seek(down.t);
      down = null;
    });
    lane.addEventListener("pointercancel", () => {
      down = null;
      player.show();
    });
  }

  /** Save what is chosen as a WAV file of float32 samples: nothing is clipped. */
  async function download(player) {
    const button = player.root.querySelector("[data-do=download]");
    const label = button.textContent;
    const [begin, end] = player.selection ?? [0, player.data.duration_s];
    const { rate } = player.sound;
    const name = `${player.data.name} - ${player.words()}.wav`.replace(/[/\\:*?"<>|\p{Cc}]+/gu, "_");
    const [parts, n_channels] = [[], player.options.asHeard ? 1 : player.data.n_channels];
    let n_frames = 0;
    button.disabled = true;
    try {
      for await (const channels of player.render()) {
        const interleaved = new Float32Array(n_channels * channels[0].length);
        channels.forEach((samples, c) => samples.forEach((x, i) => (interleaved[i * n_channels + c] = x)));
        parts.push(new Blob([interleaved]));
        n_frames += channels[0].length;
        button.textContent = `${Math.round((100 * n_frames) / rate / (end - begin))} %`;
      }
    } finally {
      button.textContent = label;
      button.disabled = false;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([wavHeader(n_channels, rate, n_frames), ...parts], { type: "audio/wav" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  audiolime.bindControls = bindControls;
})((globalThis.audiolime ??= {}));
