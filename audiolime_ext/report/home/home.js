/* The home of the app: takes files, sends them one after another, and shows how far the server is with each.
 *
 * What the server says of a job, by server-sent events, is the truth: this script only draws it, and adds the files that
 * are still on their way. After a reload it hears everything anew.
 */
"use strict";

(function (audiolime) {
  const AT_ONCE = 2; // uploads
  const STATES = { waiting: "waiting", running: "at work", done: "done", failed: "failed", cancelled: "cancelled" };

  function create(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  /** A span of time in words, no finer than it is known. */
  function span(seconds) {
    if (seconds < 90) return seconds < 1 ? "1 s" : `${Math.max(5, 5 * Math.round(seconds / 5))} s`;
    return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
  }

  function clock(seconds) {
    const whole = Math.round(seconds);
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  }

  /** What the server gave as the reason of a refusal. */
  function reason(request) {
    try {
      const { detail } = JSON.parse(request.responseText);
      if (typeof detail === "string") return detail;
    } catch {
      // it was no JSON: the status has to do
    }
    return request.status ? `the server answered with ${request.status}` : "the server cannot be reached";
  }

  function mountHome(root) {
    const find = (id) => root.getElementById(id);
    const facts = JSON.parse(find("facts").textContent);
    const list = find("songs");
    const rows = new Map(); // by the job's id, or by a number of ours while a file is on its way
    const labels = {};
    const waiting = [];
    let sending = 0;
    let heard = false;
    let state = null; // of the server

    audiolime.steady(list);

    function announce(text) {
      find("says").textContent = text;
    }

    // Rows

    function row(key, name) {
      if (rows.has(key)) return rows.get(key);
      const parts = {
        name: create("div", { className: "name" }, name),
        told: create("div", { className: "told" }),
        bar: create("progress", { max: 1, hidden: true }),
        giveUp: create("button", { type: "button" }),
      };
      parts.place = create("div", { className: "give-up" }, parts.giveUp);
      parts.bar.setAttribute("aria-label", `progress of ${name}`);
      parts.item = create("li", { className: "song" }, parts.name, parts.told, parts.place, parts.bar);
      rows.set(key, parts);
      list.prepend(parts.item);
      find("none").hidden = true;
      return parts;
    }

    function drop(key) {
      const parts = rows.get(key);
      if (!parts) return;
      const beside = parts.item.nextElementSibling ?? parts.item.previousElementSibling;
      const focused = parts.item.contains(document.activeElement);
      parts.item.remove();
      rows.delete(key);
      find("none").hidden = rows.size > 0;
      if (focused) (beside?.querySelector("button") ?? find("files")).focus();
    }

    function say(parts, text, { bad = false, fraction, bar = false } = {}) {
      parts.told.textContent = text;
      parts.told.classList.toggle("bad", bad);
      parts.bar.hidden = !bar;
      if (typeof fraction === "number") parts.bar.value = fraction;
      else parts.bar.removeAttribute("value");
    }

    function button(parts, text, name, act) {
      if (parts.giveUp.textContent !== text) parts.giveUp.textContent = text;
      parts.giveUp.setAttribute("aria-label", `${text} ${name}`);
      parts.giveUp.onclick = act;
    }

    // Jobs, as the server tells them

    function working(job) {
      const at = job.progress;
      if (!at) return { text: STATES[job.state], stage: "" };
      const left = at.left_s > 1 ? `, ${span(at.left_s)} left` : "";
      return { text: `${at.line}${at.inner ? ` (${at.inner})` : ""}${left}`, stage: at.stage, fraction: at.fraction };
    }

    function showJob(job) {
      const parts = row(job.id, job.name);
      const length = clock(job.duration_s);
      if (parts.state !== job.state) {
        const name = job.page ? create("a", { href: job.page }, job.name) : job.name;
        parts.name.replaceChildren(name);
        if (heard) announce(`${job.name}: ${STATES[job.state]}${job.state === "failed" ? `, ${job.told}` : ""}`);
      }
      if (job.state === "running") {
        const { text, stage, fraction } = working(job);
        say(parts, text, { bar: true, fraction });
        if (stage !== parts.stage && heard && parts.state === "running") announce(`${job.name}: ${stage}`);
        parts.stage = stage;
      } else if (job.state === "waiting") {
        say(parts, `${length}, waiting`);
      } else if (job.state === "done") {
        say(parts, `${length}${job.told ? ` · ${job.told}` : ""}`);
      } else {
        say(parts, job.state === "failed" ? `Failed: ${job.told}` : STATES[job.state], { bad: job.state === "failed" });
      }
      parts.state = job.state;
      const open = job.state === "waiting" || job.state === "running";
      button(parts, open ? "Cancel" : "Delete", job.name, () => (open ? giveUp : askFirst)(job, parts));
    }

    /** Ask in place of the button; "no" brings it back. */
    function askFirst(job, parts) {
      const answer = (text, onclick) =>
        create("button", { type: "button", onclick, ariaLabel: `${text}: delete ${job.name}` }, text);
      const back = () => { parts.place.replaceChildren(parts.giveUp); parts.giveUp.focus(); };
      const no = answer("No", back);
      parts.place.replaceChildren("Delete? ", answer("Yes", () => giveUp(job, parts)), " ", no);
      announce(`Delete ${job.name}?`);
      no.focus();
    }

    async function giveUp(job, parts) {
      if (parts.asked) return; // a disabled button would lose the focus
      parts.asked = true;
      try {
        const answer = await fetch(`api/jobs/${job.id}`, { method: "DELETE" });
        if (answer.status === 404) drop(job.id);
        else if (!answer.ok) announce(`${job.name} could not be given up`);
      } catch {
        announce("the server cannot be reached");
      }
      parts.asked = false;
    }

    function showServer(told) {
      state = told;
      const { ready, trouble, making, labels: known } = told;
      const place = find("server");
      const text = trouble
        ? `The model or the separator cannot be used: ${trouble}`
        : `The model is being made ready${making ? ` (${making})` : ""}. Songs can be given already.`;
      place.hidden = ready && !trouble;
      place.classList.toggle("bad", Boolean(trouble));
      if (!place.hidden && place.textContent !== text) place.textContent = text;
      Object.assign(labels, known);
      showLabels();
    }

    function follow() {
      const source = new EventSource("api/events");
      const told = (kind, act) => source.addEventListener(kind, (event) => act(JSON.parse(event.data)));
      told("all", ({ jobs, server }) => {
        const there = new Set(jobs.map(({ id }) => id));
        for (const key of [...rows.keys()]) if (typeof key === "string" && !there.has(key)) drop(key);
        jobs.forEach(showJob);
        showServer(server);
        heard = true;
      });
      told("job", showJob);
      told("gone", ({ id }) => drop(id));
      told("server", showServer);
      source.onerror = () => {
        const place = find("server");
        place.hidden = false;
        place.classList.add("bad");
        place.textContent = "The server does not answer at the moment; this page tries again by itself.";
        if (source.readyState === 2) setTimeout(follow, 3000);
      };
      source.onopen = () => { if (state) showServer(state); else find("server").hidden = true; };
    }

    // Options

    function showLabels() {
      const known = labels[find("model").value] ?? [];
      const place = find("labels");
      if (place.dataset.of === known.join("\n")) return;
      place.dataset.of = known.join("\n");
      place.replaceChildren(...known.map((label) =>
        create("label", {}, create("input", { type: "checkbox", value: label }), create("span", {}, label))));
      countLabels();
    }

    function chosenLabels() {
      if (!find("chosen").checked) return [];
      return [...find("labels").querySelectorAll("input:checked")].map(({ value }) => value);
    }

    function countLabels() {
      const chosen = find("chosen").checked;
      find("labels").hidden = !chosen;
      const n = chosenLabels().length;
      find("chosen-count").textContent = chosen ? (n ? `${n} chosen` : "choose at least one") : "";
      const words = ["model", "factorization"].map((id) => find(id).selectedOptions[0].textContent);
      find("asked").textContent = [...words, ...(n ? [chosenLabels().join(", ")] : [])].join(" · ");
    }

    function options() {
      return { model: find("model").value, factorization: find("factorization").value, labels: chosenLabels() };
    }

    // Files on their way

    function send(given) {
      const key = Symbol(given.name);
      const parts = row(key, given.name);
      const one = { ...given, key, parts, asked: options() };
      button(parts, "Cancel", given.name, () => {
        one.given = true;
        one.request?.abort();
        drop(key);
      });
      if (given.file && given.file.size > facts.most_bytes) {
        refuse(one, `it has ${Math.round(given.file.size / 1e6)} MB, and the most that is taken is ${Math.round(facts.most_bytes / 1e6)} MB`);
        return;
      }
      say(parts, "waiting to be sent");
      waiting.push(one);
      next();
    }

    function next() {
      while (sending < AT_ONCE && waiting.length) {
        const one = waiting.shift();
        if (!one.given) upload(one);
      }
    }

    function refuse(one, why) {
      say(one.parts, `Not taken: ${why}`, { bad: true });
      button(one.parts, "Dismiss", one.name, () => drop(one.key));
      announce(`${one.name}: ${why}`);
    }

    function body({ file, path, asked }) {
      if (path !== undefined) return JSON.stringify({ path, ...asked });
      const form = new FormData();
      form.append("model", asked.model);
      form.append("factorization", asked.factorization);
      asked.labels.forEach((label) => form.append("labels", label));
      form.append("file", file, file.name);
      return form;
    }

    function upload(one) {
      sending += 1;
      const request = new XMLHttpRequest();
      one.request = request;
      request.open("POST", "api/explain");
      if (one.path !== undefined) request.setRequestHeader("Content-Type", "application/json");
      say(one.parts, "sending", { bar: true });
      request.upload.onprogress = ({ loaded, total }) => {
        const all = loaded === total;
        say(one.parts, all ? "looking at the file" : "sending", { bar: true, fraction: all ? undefined : loaded / total });
      };
      request.onloadend = () => {
        sending -= 1;
        if (!one.given) answered(one, request);
        next();
      };
      request.send(body(one));
    }

    function answered(one, request) {
      if (request.status === 202) {
        drop(one.key);
        const job = JSON.parse(request.responseText);
        if (!rows.has(job.id)) showJob(job); // else an event was faster, and knows more
      } else if (request.status === 429) {
        const seconds = Number(request.getResponseHeader("Retry-After")) || 15;
        say(one.parts, `waiting for room: ${reason(request)}`);
        setTimeout(() => {
          if (!one.given) waiting.push(one);
          next();
        }, 1000 * seconds);
      } else {
        refuse(one, reason(request));
      }
    }

    function take(files) {
      if (find("chosen").checked && !chosenLabels().length) {
        find("options").open = true;
        announce("choose at least one label first");
        find("labels").querySelector("input")?.focus();
        return;
      }
      for (const file of files) send({ file, name: file.name });
    }

    function takeDrops() {
      const place = find("drop");
      const over = (on) => place.classList.toggle("over", on);
      for (const target of [root, place]) {
        target.addEventListener("dragover", (event) => event.preventDefault()); // a song dropped beside opens no page
      }
      root.addEventListener("dragenter", () => over(true));
      root.addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false); });
      root.addEventListener("drop", (event) => {
        event.preventDefault();
        over(false);
        take([...event.dataTransfer.files]);
      });
    }

    find("give").addEventListener("submit", (event) => event.preventDefault());
    find("files").addEventListener("change", ({ target }) => {
      take([...target.files]);
      target.value = "";
    });
    const path = find("path");
    const takePath = () => { if (path.value.trim()) send({ path: path.value.trim(), name: path.value.trim() }); };
    find("take")?.addEventListener("click", takePath);
    path?.addEventListener("keydown", (event) => { if (event.key === "Enter") takePath(); });
    find("model").addEventListener("change", showLabels);
    find("options").addEventListener("change", countLabels);
    countLabels();
    takeDrops();
    root.body.classList.add("live");
    follow();
    return { rows, send };
  }

  audiolime.mountHome = mountHome;
})(globalThis.audiolime ??= {});
