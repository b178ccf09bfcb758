/* Buttons that stand still: one that has just come, moved or changed its words takes no press for a moment, so that the
 * second press of a double click never means what has come under the pointer since the first.
 */
"use strict";

(function (audiolime) {
  const STILL_MS = 600;

  /** Hold the buttons of a list that changes; while one takes no press, it is aria-disabled, and keeps the focus. */
  function steady(list) {
    const known = new WeakMap(); // where a button is and what it says, and the timer that lets it be pressed

    function hold(button) {
      const { left, top } = button.getBoundingClientRect();
      const is = [left + scrollX, top + scrollY].map(Math.round).join() + button.getAttribute("aria-label");
      const was = known.get(button);
      if (was?.is === is) return;
      clearTimeout(was?.timer);
      button.setAttribute("aria-disabled", "true");
      known.set(button, { is, timer: setTimeout(() => button.removeAttribute("aria-disabled"), STILL_MS) });
    }

    const look = () => list.querySelectorAll("button").forEach(hold);
    new MutationObserver(look).observe(list, { childList: true, subtree: true, characterData: true });
    new ResizeObserver(look).observe(document.body); // what stands above the list moves it, too
    list.addEventListener("click", (event) => {
      look();
      if (event.target.closest("button[aria-disabled]")) event.stopPropagation();
    }, true);
  }

  audiolime.steady = steady;
})(globalThis.audiolime ??= {});
