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

  // By subject, a line parts one from the next.
  const table = document.getElementById("count-table");
  if (table) sortByHeading(table, (rows, column) => rows.forEach((row, at) => row.classList.toggle(
    "first", at > 0 && column === 0 && rows[at - 1].dataset.subject !== row.dataset.subject)));

  const zoom = document.getElementById("zoom");
  const sheet = document.querySelector(".sheet");
  const tile = sheet.querySelector(".tile");
  if (tile) zoom.value = tile.offsetWidth;
  zoom.addEventListener("input", () => sheet.style.setProperty("--tile", `${zoom.value}px`));

  // Of a large study, what a tube shows is packed until it is opened.
  for (const packed of document.querySelectorAll("[data-packed]")) {
    packed.parentElement.addEventListener("toggle", async () => {
      const bytes = Uint8Array.from(atob(packed.dataset.packed), (one) => one.charCodeAt(0));
      const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
      packed.outerHTML = await new Response(unpacked).text();
    }, { once: true });
  }

  openLinkedTube();
})();
