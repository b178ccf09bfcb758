/* Sounds of a page in the browser's own players: one at a time. */
"use strict";

(function (audiolime) {
  audiolime.playOneAtATime = () => {
    document.addEventListener("play", ({ target }) => {
      for (const other of document.querySelectorAll("audio")) if (other !== target) other.pause();
    }, true); // "play" does not bubble
  };
})((globalThis.audiolime ??= {}));
