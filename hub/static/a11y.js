/* The SQL editor is made by script, after the page: name it, and close open menus on a click outside them. */
(() => {
  const label = () =>
    document.querySelectorAll(".CodeMirror textarea:not([aria-label])").forEach((box) => box.setAttribute("aria-label", "SQL"));
  label();
  new MutationObserver(label).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.actions-menu-links[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
})();
