(() => {
  const subject = document.getElementById("filter-subject");
  const look = document.getElementById("filter-look");
  const marked = [...document.querySelectorAll("[data-subject], [data-status]")];

  // Courses of subjects are drawn dark: those that are looked for, or the one under the pointer.
  function nameCourses(isNamed) {
    for (const one of document.querySelectorAll(".course")) one.classList.toggle("named", Boolean(isNamed(one.dataset.course)));
  }
  document.querySelector("figure.curves")?.addEventListener("pointerover", (event) => {
    const pointed = event.target.dataset.course;
    if (pointed === undefined) filter();
    else nameCourses((course) => course === pointed);
  });

  // A row that holds tiles stays as long as one of its tiles does.
  function filter() {
    const wanted = subject.value.trim().toLowerCase();
    for (const element of marked) {
      const own = element.dataset.subject;
      const otherSubject = wanted && own !== undefined && !own.toLowerCase().includes(wanted);
      const fine = look.checked && element.dataset.status === "ok";
      element.hidden = Boolean(otherSubject || fine);
    }
    nameCourses((course) => wanted && course.toLowerCase().includes(wanted));
    for (const row of document.querySelectorAll(".sheet tbody tr")) {
      if (look.checked && !row.querySelector(".tile:not([hidden])")) row.hidden = true;
    }
    for (const group of document.querySelectorAll(".of-subject")) {
      if (look.checked && !group.querySelector("details:not([hidden])")) group.hidden = true;
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

  // One of the gates of every tube, or all of them: a thumbnail has its panels under each other.
  function showPanel(wanted) {
    for (const image of sheet.querySelectorAll("img[data-panels]")) {
      const panels = image.dataset.panels.split(" ");
      const at = panels.indexOf(wanted);
      image.classList.toggle("one", at >= 0);
      image.hidden = wanted !== "" && at < 0;
      image.style.objectPosition = at > 0 ? `0 ${100 * at / (panels.length - 1)}%` : "0 0";
    }
    for (const result of sheet.querySelectorAll(".result")) {
      result.hidden = wanted !== "" && result.dataset.population !== wanted;
    }
  }
  for (const choice of document.querySelectorAll("input[name=panel]")) {
    choice.addEventListener("change", () => showPanel(choice.value));
  }

  const controls = document.getElementById("show-controls");
  if (controls) controls.addEventListener("change", () => sheet.classList.toggle("with-controls", controls.checked));

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
