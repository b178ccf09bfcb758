import js from "@eslint/js";

const browser = [
  "AudioBufferSourceNode", "AudioContext", "Blob", "CustomEvent", "EventSource", "FormData", "GainNode", "MutationObserver",
  "OfflineAudioContext", "ResizeObserver", "URL", "URLSearchParams", "XMLHttpRequest", "atob", "clearInterval", "clearTimeout", "document", "fetch", "getComputedStyle", "history", "matchMedia", "navigator",
  "performance", "requestAnimationFrame", "scrollX", "scrollY", "setInterval", "setTimeout", "window",
];
const globals = (names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

export default [
  js.configs.recommended,
  {
    rules: {
      "eqeqeq": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-shadow": "error",
      "no-unused-vars": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["audiolime_ext/report/**/*.js"],
    languageOptions: { ecmaVersion: 2022, sourceType: "script", globals: globals(browser) },
  },
  { files: ["tests/browser/*.mjs"], languageOptions: { sourceType: "module", globals: globals(["URL", "URLSearchParams"]) } },
];
