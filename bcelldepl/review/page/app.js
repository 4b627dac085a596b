// The review page: the queue, the tube that is looked at, verdicts and signatures, and the keys for all of it.

import { get, post } from "./api.js";
import { $, ask, fill, made } from "./dom.js";
import { Drafts, bare } from "./drafts.js";
import { Grid } from "./grid.js";
import { result } from "./numbers.js";
import { Queue } from "./queue.js";
import { TubeView } from "./tube.js";

let study, drafts, view;
let saving = 0;
const queue = new Queue((id) => open(id));
const grid = new Grid(queue, (id, population) => open(id, population));

function tell(error) {
  $("banner").textContent = error.message || String(error);
  $("banner").hidden = false;
}
function quiet() { $("banner").hidden = true; }

function person() {
  const name = $("who").value.trim();
  if (!name) { $("who").focus(); throw new Error("type your name at the top first: it is recorded with every change"); }
  return { name, role: $("role").value.trim() || "reviewer" };
}

function showStudy(told) {
  study = told;
  $("study").textContent = study.study;
  document.title = `${study.study}: review`;
  const locked = study.locked;
  $("lock-open").textContent = locked ? "Unlock study" : "Lock study";
  const words = [];
  if (locked) words.push(`locked by ${locked.who} on ${locked.when.slice(0, 10)}: ${locked.why}`);
  if (!study.current) words.push("the study, an input or the program has changed since these results");
  if (study.failure) words.push(study.failure);
  fill($("state"), words.join("; "), study.current || locked ? null : made("button", { id: "compute", onclick: () => change("compute", {}) }, "Compute again"));
  document.body.dataset.locked = Boolean(locked);
  queue.show(study, view && view.tube ? view.tube.id : queue.current);
}

async function open(id, population) {
  quiet();
  grid.close();
  queue.current = id;
  location.hash = id;
  queue.draw();
  await view.open(id, population, queue.step(1));
}

// A change, shown as being saved until the server has it on the disk.
async function change(what, content, after) {
  saving++;
  $("saving").textContent = "saving…";
  document.body.dataset.saving = "true";
  try {
    showStudy(await post(`change/${what}`, content));
    view.forgetAll();
    if (after) await after();
    return true;
  } catch (error) {
    tell(error);
    if (error.conflict) { showStudy(await get("study")); view.forgetAll(); if (view.tube) await view.open(view.tube.id); tell(error); }
    return false;
  } finally {
    saving--;
    $("saving").textContent = saving ? "saving…" : "saved";
    if (!saving) document.body.dataset.saving = "false";
  }
}

const seen = (ids) => Object.fromEntries(ids.map((id) => [id, queue.tube(id).version]));

async function judge(verdict) {
  const id = view.tube.id;
  let reason = "";
  const by = person();
  if (verdict !== "accept") {
    const typed = await ask(verdict === "reject" ? "Reject this tube: it is excluded from every result, and kept" : "Ask for another measurement of this tube", [
      { name: "listed", label: "Reason", options: ["", ...study.reasons], needed: (all) => all.listed || all.text },
      { name: "text", label: "Details" },
    ], verdict === "reject" ? "Reject" : "Repeat");
    if (!typed) return;
    reason = [typed.listed === "other" ? "" : typed.listed, typed.text].filter(Boolean).join(": ");
  }
  if (view.drafts.any(id)) throw new Error("a gate of this tube was moved and is not saved: save or discard it first");
  const next = queue.step(1);
  if (await change("verdict", { by, seen: seen([id]), verdict, reason })) await open(next && verdict === "accept" ? next.id : id);
}

async function sign(order) {
  const by = person();
  const ready = queue.tubes.filter((tube) => tube.review && tube.review !== "changed" && !tube.signed.some((one) => one.order === order)
    && (order === "first" || tube.signed.some((one) => one.order === "first" && one.who.toLowerCase() !== by.name.toLowerCase())));
  if (!ready.length) throw new Error(order === "first" ? "no tube waits for a first signature: accept or reject some" : "no tube waits for a second signature by you: the second signature must be another person's");
  const own = ready.find((tube) => tube.id === view.tube?.id);
  const typed = await ask(`${order === "first" ? "First" : "Second"} signature of ${by.name} (${by.role})`, [
    { name: "which", label: "Sign", options: [...(own ? ["this tube"] : []), `all ${ready.length} that wait`] },
  ], "Sign", [study.meanings[order]]);
  if (!typed) return;
  const tubes = typed.which === "this tube" ? [own] : ready;
  await change("sign", { by, seen: seen(tubes.map((tube) => tube.id)), order }, () => view.open(view.tube.id));
}

async function save() {
  const id = view.tube.id, why = $("why").value.trim(), by = person();
  if (!why) { $("why").focus(); throw new Error("state why the gate was moved"); }
  const gates = bare(drafts.of(id));
  await change("gates", { by, seen: seen([id]), gates, why }, async () => { drafts.forget(id); await view.open(id); });
}

async function automated() {
  const id = view.tube.id, by = person(), names = view.tube.by_hand;
  const typed = await ask("Return gates to the automated ones", [
    { name: "which", label: "Gate", options: names.includes(view.own?.population) ? [view.own.population, ...names.filter((one) => one !== view.own.population)] : names },
    { name: "why", label: "Why", needed: (all) => all.why },
  ], "Back to automated");
  if (!typed) return;
  await change("gates", { by, seen: seen([id]), gates: [{ population: typed.which }], why: typed.why }, async () => { drafts.forget(id); await view.open(id); });
}

async function apply() {
  const id = view.tube.id, by = person(), own = queue.tube(id), gates = bare(drafts.of(id));
  const groups = { "this subject": (tube) => tube.subject === own.subject && !tube.hidden, "this batch": (tube) => tube.batch === own.batch, "the tubes shown in the queue": (tube) => queue.shown.includes(tube) };
  const typed = await ask("Apply the moved gates to more tubes", [
    { name: "which", label: "To", options: Object.keys(groups) }, { name: "why", label: "Why", value: $("why").value, needed: (all) => all.why },
  ], "Show what would change");
  if (!typed) return;
  const chosen = queue.tubes.filter((tube) => groups[typed.which](tube) && tube.role === "sample");
  const list = made("div", { class: "list" }), boxes = new Map();
  const table = made("table", {}, made("tr", {}, ...["", "tube", "population", "before", "after"].map((one) => made("th", {}, one))));
  list.append(table);
  const looking = (async () => {
    for (const tube of chosen) {
      try {
        const before = await get(`tube/${tube.id}`), live = await post(`tube/${tube.id}/live`, { gates });
        const box = made("input", { type: "checkbox", checked: true });
        boxes.set(tube.id, box);
        const moved = live.counts.filter((row) => { const old = before.counts.find((one) => one.population === row.population); return old && old.events !== row.events; });
        (moved.length ? moved : [null]).forEach((row, k) => {
          const old = row && before.counts.find((one) => one.population === row.population);
          table.append(made("tr", {}, made("td", {}, k ? "" : box), made("td", {}, k ? "" : `${tube.subject} ${tube.visit}`), made("td", {}, row ? row.population : "no change"),
            made("td", {}, old ? result(old) : ""), made("td", {}, row ? result(row) : "")));
        });
      } catch (error) { table.append(made("tr", {}, made("td", {}, ""), made("td", {}, tube.file), made("td", { colspan: 3 }, error.message))); }
    }
    table.dataset.complete = "true";
  })();
  const done = await ask(`What would change: ${typed.why}`, [], "Apply to the chosen", [list]);
  if (!done) return;
  await looking;
  const ids = [...boxes].filter(([, box]) => box.checked).map(([tube]) => tube);
  if (!ids.length) return;
  await change("gates", { by, seen: seen(ids), gates, why: typed.why }, async () => { drafts.forget(id); await view.open(id); });
}

async function lock() {
  const by = person(), locked = study.locked;
  const typed = await ask(locked ? "Unlock the study" : "Lock the study: nothing of it changes until it is unlocked", [{ name: "why", label: "Why", needed: (all) => all.why }], locked ? "Unlock" : "Lock");
  if (typed) await change(locked ? "unlock" : "lock", { by, why: typed.why });
}

function help() {
  const keys = [["j ↓", "next tube"], ["k ↑", "previous tube"], ["l →", "next gate"], ["h ←", "previous gate"], ["a", "accept"], ["r", "reject"], ["m", "measure again"],
    ["s", "sign first"], ["u", "undo a move"], ["z", "whole plane"], ["g", "grid"], ["Shift + drag", "zoom in"], ["double click", "corner of a polygon on or off"]];
  ask("Keys", [], "Close", keys.map(([key, words]) => made("div", {}, made("kbd", {}, key), ` ${words}`)));
}

const guarded = (work) => async (...all) => { try { quiet(); await work(...all); } catch (error) { tell(error); } };
const step = (by) => { const next = queue.step(by); if (next && next.id !== queue.current) return open(next.id); };
const doing = {
  j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
  l: () => view.step(1), ArrowRight: () => view.step(1), h: () => view.step(-1), ArrowLeft: () => view.step(-1),
  a: () => judge("accept"), r: () => judge("reject"), m: () => judge("repeat"), s: () => sign("first"),
  u: () => view.undo(), z: () => view.whole(), g: () => openGrid(), "?": help,
};
function openGrid() {
  if (grid.open) { grid.close(); return; }
  if (view.tube?.gates) grid.show(view.tube.gates.map((gate) => [gate.population, gate.label]), view.own.population);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("dialog").open || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const work = doing[event.key];
  if (work) { event.preventDefault(); guarded(work)(); }
});
for (const [id, work] of Object.entries({
  accept: () => judge("accept"), reject: () => judge("reject"), repeat: () => judge("repeat"), "sign-first": () => sign("first"), "sign-second": () => sign("second"),
  undo: () => view.undo(), discard: () => view.discard(), save, apply, automated, "lock-open": lock, "grid-open": openGrid, "help-open": help,
})) $(id).addEventListener("click", guarded(work));
for (const id of ["who", "role"]) {
  $(id).value = localStorage.getItem(`bcelldepl ${id}`) || "";
  $(id).addEventListener("input", () => localStorage.setItem(`bcelldepl ${id}`, $(id).value));
  $(id).addEventListener("keydown", (event) => { if (event.key === "Enter") $(id).blur(); });
}
window.addEventListener("beforeunload", (event) => { if (saving) event.preventDefault(); });

// What others did meanwhile, and tables that follow verdicts, are looked for now and then.
async function watch() {
  if (saving || document.hidden) return;
  try {
    const told = await get("study");
    if (saving) return;
    const before = JSON.stringify(study.tubes.map((tube) => tube.version)), own = view.tube && queue.tube(view.tube.id)?.version;
    showStudy(told);
    if (before !== JSON.stringify(told.tubes.map((tube) => tube.version))) view.forgetAll();
    if (view.tube && queue.tube(view.tube.id)?.version !== own) { await view.open(view.tube.id); tell(new Error("this tube was changed meanwhile, by another page or person: it is shown as it is now")); }
  } catch (error) { tell(error); }
}

async function begin() {
  const told = await get("study");
  drafts = new Drafts(told.study);
  view = new TubeView(drafts, tell);
  showStudy(told);
  for (const question of told.questions) tell(new Error(question));
  const wanted = queue.tube(location.hash.slice(1)) || queue.shown[0];
  if (wanted) await open(wanted.id);
  document.body.dataset.ready = "true";
  setInterval(watch, 5000);
}
guarded(begin)();
