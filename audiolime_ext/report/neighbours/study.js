/* A study: one step after the other, and answers that are saved as CSV once they are complete.
 *
 * An inert JSON script holds {known, columns}: values that are the same for every participant, and the columns of the
 * file in their order. Answers are the named inputs of the form.
 */
"use strict";

(function (audiolime) {
  const WORDS = {
    participant: "your name or number", guess_by_ear: "a guess by ear", guess_after_numbers: "a guess after the numbers",
    guess_after_sound: "a guess after the sound", numbers_clarity: "how clear the numbers were",
    numbers_trust: "how far you trust the numbers", sound_clarity: "how clear the sound was",
    sound_trust: "how far you trust the sound",
  };

  /** Rows of objects as CSV: a header, commas, quotes where they are needed, lines as RFC 4180 ends them. */
  function toCsv(columns, rows) {
    const cell = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
    const line = (values) => values.map((value) => cell(String(value ?? ""))).join(",");
    return [line(columns), ...rows.map((row) => line(columns.map((name) => row[name])))].join("\r\n") + "\r\n";
  }

  /** What is still to be answered, in words; empty where all is there. */
  function lacking(names, answers) {
    const open = names.filter((name) => !String(answers[name] ?? "").trim());
    return open.length ? `Still to be answered: ${open.map((name) => WORDS[name] ?? name).join(", ")}.` : "";
  }

  class Study {
    constructor(root) {
      this.root = root;
      const { known, columns } = JSON.parse(root.querySelector("script.study-data").textContent);
      Object.assign(this, { known, columns, rows: [] });
      this.form = root.querySelector("form");
      this.steps = [...this.form.querySelectorAll(".step")];
      this.message = this.form.querySelector(".message");
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.form.addEventListener("click", ({ target }) => {
        const button = target.closest("button[data-do]");
        if (button) ({ next: () => this.next(button), save: () => this.save(), again: () => this.again() })[button.dataset.do]();
      });
    }

    get answers() {
      const found = {};
      for (const input of this.form.querySelectorAll("input"))
        if (input.type === "text" || input.checked) found[input.name] = input.value.trim();
      return found;
    }

    namesIn(step) {
      return [...new Set([...step.querySelectorAll("input")].map((input) => input.name))];
    }

    /** Go on where a step is answered; what was answered stays, for what comes next must not change it. */
    next(button) {
      const step = button.closest(".step");
      const open = lacking(this.namesIn(step), this.answers);
      this.message.textContent = open;
      if (open) return;
      this.freeze(step, true);
      button.hidden = true;
      const following = this.steps[this.steps.indexOf(step) + 1];
      following.hidden = false;
      following.querySelector("h2").scrollIntoView({ block: "start" });
    }

    save() {
      const answers = this.answers;
      const open = lacking(this.steps.flatMap((step) => this.namesIn(step)), answers);
      this.message.textContent = open;
      if (open) return;
      this.rows.push({ ...this.known, ...answers, saved_at: new Date().toISOString() });
      this.freeze(this.steps.at(-1), true);
      this.form.querySelector("[data-do=save]").hidden = true;
      this.form.querySelector("[data-do=again]").hidden = false;
      this.form.querySelector(".answer").hidden = false;
      this.download();
    }

    download() {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff", toCsv(this.columns, this.rows)], { type: "text/csv" }));
      link.download = "answers.csv";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    }

    /** The same for another participant; the answers so far stay, and are in the next file as well. */
    again() {
      this.form.reset();
      for (const audio of this.form.querySelectorAll("audio")) audio.pause();
      this.steps.forEach((step, i) => {
        this.freeze(step, false);
        step.hidden = i > 0;
      });
      for (const button of this.form.querySelectorAll("[data-do]")) button.hidden = button.dataset.do === "again";
      this.form.querySelector(".answer").hidden = true;
      this.message.textContent = "";
      this.root.querySelector("h1").scrollIntoView();
    }

    freeze(step, on) {
      for (const input of step.querySelectorAll("input")) input.disabled = on;
    }
  }

  audiolime.mountStudy = () => {
    document.addEventListener("play", ({ target }) => {
      for (const other of document.querySelectorAll("audio")) if (other !== target) other.pause();
    }, true);
    return new Study(document);
  };
  Object.assign(audiolime, { toCsv, lacking });
})((globalThis.audiolime ??= {}));
