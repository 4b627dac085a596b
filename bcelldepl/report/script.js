"use strict";
(() => {
  const subject = document.getElementById("filter-subject");
  const look = document.getElementById("filter-look");
  const marked = [...document.querySelectorAll("[data-subject], [data-status]")];

  // A row that holds tiles stays as long as one of its tiles does.
  function filter() {
    const wanted = subject.value.trim().toLowerCase();
    for (const element of marked) {
      const own = element.dataset.subject;
      const otherSubject = wanted && own !== undefined && !own.toLowerCase().includes(wanted);
      const fine = look.checked && element.dataset.status === "ok";
      element.hidden = Boolean(otherSubject || fine);
    }
    for (const row of document.querySelectorAll(".sheet tbody tr")) {
      if (look.checked && !row.querySelector(".tile:not([hidden])")) row.hidden = true;
    }
    for (const heading of document.querySelectorAll("#tubes h3")) {
      if (!look.checked) continue;
      let next = heading.nextElementSibling;
      while (next && next.hidden && next.tagName === "DETAILS") next = next.nextElementSibling;
      if (!next || next.tagName !== "DETAILS") heading.hidden = true;
    }
  }
  subject.addEventListener("input", filter);
  look.addEventListener("change", filter);
  filter();

  const table = document.getElementById("count-table");
  const key = (row, column) => {
    const cell = row.cells[column];
    return "sort" in cell.dataset ? Number(cell.dataset.sort) : cell.textContent.trim();
  };
  const compare = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
  for (const button of table ? table.querySelectorAll("th button") : []) {
    button.addEventListener("click", () => {
      const head = button.parentElement;
      const rows = [...table.tBodies[0].rows];
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((a, b) => compare(key(a, head.cellIndex), key(b, head.cellIndex)) * (down ? -1 : 1));
      rows.forEach((row, at) => row.classList.toggle(
        "first", at > 0 && head.cellIndex === 0 && rows[at - 1].dataset.subject !== row.dataset.subject));
      table.tBodies[0].append(...rows);
    });
  }

  const zoom = document.getElementById("zoom");
  const sheet = document.querySelector(".sheet");
  const tile = sheet.querySelector(".tile");
  if (tile) zoom.value = tile.offsetWidth;
  zoom.addEventListener("input", () => sheet.style.setProperty("--tile", `${zoom.value}px`));

  // A link to a tube opens it.
  function open() {
    const target = location.hash.startsWith("#tube-") && document.getElementById(location.hash.slice(1));
    if (!target) return;
    target.hidden = false;
    target.open = true;
    target.scrollIntoView({ block: "start" });
  }
  window.addEventListener("hashchange", open);
  open();
})();
