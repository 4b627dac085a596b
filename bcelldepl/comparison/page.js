"use strict";
(() => {
  const inputs = [...document.querySelectorAll("[data-filter]")];
  const rows = [...document.querySelectorAll("[data-population]")];
  const shown = document.getElementById("n-shown");

  const holds = {
    population: (own, wanted) => own.population === wanted,
    visit: (own, wanted) => own.visit === wanted,
    verdict: (own, wanted) => own.verdict === wanted,
    subject: (own, wanted) => own.subject.toLowerCase().includes(wanted.toLowerCase()),
    // A decision that differs is never too small to be seen.
    size: (own, wanted) => own.decision === "1" || Number(own.size) >= Number(wanted),
  };
  function filter() {
    const wanted = inputs.map((input) => [input.dataset.filter, input.value.trim()]).filter(([, value]) => value);
    for (const row of rows) row.hidden = !wanted.every(([name, value]) => holds[name](row.dataset, value));
    shown.textContent = `${document.querySelectorAll("#count-table tbody tr:not([hidden])").length} rows`;
  }
  for (const input of inputs) input.addEventListener("input", filter);
  filter();

  const table = document.getElementById("count-table");
  const key = (row, column) => {
    const cell = row.cells[column];
    return "sort" in cell.dataset ? Number(cell.dataset.sort) : cell.textContent.trim();
  };
  const compare = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
  for (const button of table.querySelectorAll("th button")) {
    button.addEventListener("click", () => {
      const head = button.parentElement;
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const all = [...table.tBodies[0].rows];
      all.sort((a, b) => compare(key(a, head.cellIndex), key(b, head.cellIndex)) * (down ? -1 : 1));
      table.tBodies[0].append(...all);
    });
  }

  // A link to a tube opens it; paper shows every part.
  function open() {
    const target = location.hash.startsWith("#tube-") && document.getElementById(location.hash.slice(1));
    if (!target) return;
    target.hidden = false;
    target.open = true;
    target.scrollIntoView({ block: "start" });
  }
  window.addEventListener("hashchange", open);
  open();
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const one of closed) one.open = true;
  });
  window.addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
})();
