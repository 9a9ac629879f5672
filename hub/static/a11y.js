/* The SQL editor is made by script, after the page: name it, close open menus on a click outside them, and say where a
   table is wider than the page. */
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
  document.querySelectorAll(".table-wrapper").forEach((box) => {
    const hint = document.createElement("p");
    hint.className = "sideways";
    hint.textContent = "There are more columns: scroll the table sideways.";
    box.before(hint);
    new ResizeObserver(() => { hint.hidden = box.scrollWidth <= box.clientWidth + 1; }).observe(box);
  });
})();
