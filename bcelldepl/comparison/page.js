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

  sortByHeading(document.getElementById("count-table"));
  openLinkedTube();

  // Paper shows every part.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const one of closed) one.open = true;
  });
  window.addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
})();
