"use strict";
// What the page of a study and that of a comparison both do.

// A click on a column's heading sorts the rows by it, a second one the other way; `sorted` is told of rows and column.
function sortByHeading(table, sorted = () => {}) {
  const key = (row, column) => {
    const cell = row.cells[column];
    return "sort" in cell.dataset ? Number(cell.dataset.sort) : cell.textContent.trim();
  };
  const compare = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
  for (const button of table.querySelectorAll("th button")) {
    button.addEventListener("click", () => {
      const head = button.parentElement;
      const rows = [...table.tBodies[0].rows];
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((a, b) => compare(key(a, head.cellIndex), key(b, head.cellIndex)) * (down ? -1 : 1));
      sorted(rows, head.cellIndex);
      table.tBodies[0].append(...rows);
    });
  }
}

// A link to a tube opens it.
function openLinkedTube() {
  function open() {
    const target = location.hash.startsWith("#tube-") && document.getElementById(location.hash.slice(1));
    if (!target) return;
    target.hidden = false;
    target.open = true;
    target.scrollIntoView({ block: "start" });
  }
  window.addEventListener("hashchange", open);
  open();
}
