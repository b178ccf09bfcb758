// What the theme leaves out for readers who use a keyboard or hear the page.
addEventListener("DOMContentLoaded", () => {
  for (const caption of document.querySelectorAll('[role="heading"]:not([aria-level])')) caption.ariaLevel = "2";
  for (const wide of document.querySelectorAll("pre, .table-wrapper")) wide.tabIndex = 0;
  for (const drawer of document.querySelectorAll("aside")) drawer.ariaLabel ??= drawer.className.includes("toc") ? "on this page" : "all pages";
});
