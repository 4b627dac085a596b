// One tube: its gating path, the large picture of one gate, and the tubes beside it.

import { get, getPacked, post } from "./api.js";
import { $, fill, made, options, whole } from "./dom.js";
import { bare } from "./drafts.js";
import { Editor } from "./editor.js";
import { showEndpoints, showFacts, showFlags, showNumbers } from "./numbers.js";
import { Plot, cut } from "./plot.js";

const percent = (a, b) => (b ? `${(100 * a / b).toPrecision(3)} %` : "–");

export class TubeView {
  constructor(drafts, failed) {
    this.drafts = drafts;
    this.failed = failed;
    this.ahead = new Map();
    this.plot = new Plot($("picture"));
    this.editor = new Editor(this.plot, {
      begin: () => this.drafts.remember(this.tube.id),
      moved: (gate) => { this.drafts.set(this.tube.id, plain(gate)); this.live(); this.showEdit(); },
      ended: () => this.endpoints(),
      zoom: (x, y) => { this.zoomed = [x, y]; this.picture(); },
      readout: (text) => { $("readout").textContent = text; },
    });
    for (const id of ["x-axis", "y-axis", "highlight"]) $(id).addEventListener("input", () => { this.zoomed = null; this.picture(); });
    $("zoom-out").addEventListener("click", () => this.whole());
    $("set-position").addEventListener("click", () => this.setPosition());
  }

  load(id) {
    if (!this.ahead.has(id)) {
      const parts = Promise.all([get(`tube/${id}`), getPacked(`tube/${id}/pictures`).catch(() => null)]);
      parts.catch(() => this.ahead.delete(id));
      this.ahead.set(id, parts);
      if (this.ahead.size > 5) this.ahead.delete(this.ahead.keys().next().value);
    }
    return this.ahead.get(id);
  }
  forgetAll() { this.ahead.clear(); }

  async open(id, population, next) {
    const turn = this.turn = (this.turn || 0) + 1, begun = performance.now();
    let tube, packed;
    try { [tube, packed] = await this.load(id); } catch (error) { this.failed(error); return; }
    if (turn !== this.turn) return;
    const before = this.gate && this.gate.population;
    if (this.tube?.id !== id) $("highlight").value = "";
    this.tube = tube;
    fill($("title"), tube.hidden ? `${tube.file} · ${tube.visit}` : `${tube.subject} · ${tube.visit}`, made("small", {}, tube.hidden ? "" : tube.file), made("small", {}, tube.row.role || ""));
    showNumbers(tube);
    showEndpoints(null);
    this.flags();
    showFacts(tube);
    fill($("papers"), made("a", { href: `api/tube/${id}/tube.pdf`, download: `${id}.pdf` }, "PDF of this tube"), " · ",
      made("a", { href: `api/tube/${id}/subject.pdf`, download: `${id}-subject.pdf` }, "PDF of its subject"));
    if (tube.failure) {
      fill($("path"), tube.failure);
      this.gate = null;
      $("work").classList.toggle("failed", true);
      this.plot.data = null;
      $("picture").getContext("2d").clearRect(0, 0, 2000, 2000);
      fill($("beside"));
    } else {
      this.path(packed);
      const names = tube.gates.map((gate) => gate.population);
      const wanted = [population, before, tube.gates.find((gate) => gate.review)?.population].find((one) => names.includes(one));
      await this.choose(wanted || names[names.length - 1]);
    }
    this.showEdit();
    this.took = performance.now() - begun;
    document.body.dataset.took = this.took.toFixed(0);
    document.body.dataset.tube = id;
    if (next) this.load(next.id).catch(() => {});
    if (!tube.failure && tube.row.quality_flags && !tube.flagged) await this.findFlagged();
  }

  // Flags that speak of events are pressed to see these; those of the model's checks are looked for when the tube is shown.
  flags() {
    showFlags(this.tube, (name, population) => {
      $("highlight").value = name;
      if (population) this.choose(population); else this.picture();
    });
  }
  async findFlagged() {
    const { tube } = this;
    try { tube.flagged = (await get(`tube/${tube.id}/flags`)).flags; } catch (error) { this.failed(error); return; }
    if (tube !== this.tube || !tube.flagged.length) return;
    this.flags();
    this.highlights();
  }

  path(packed) {
    let start = 0;
    const figures = packed.header.pictures.map(([population, x, y, shape]) => {
      const gate = this.tube.gates.find((one) => one.population === population), canvas = made("canvas", { width: 112, height: 104 });
      const plot = new Plot(canvas, 0), axes = this.tube.axes;
      plot.show({ limits: [axes[x].limits, y ? axes[y].limits : [0, 1]], shape, arrays: cut(packed.numbers, shape, start, 2), xName: x, yName: y });
      start += 2 * shape.reduce((a, b) => a * b, 1);
      plot.draw(this.drafts.gate(this.tube.id, population) || gate);
      return made("figure", { "data-population": population, "data-count": gate.events, onclick: () => this.choose(population) }, canvas,
        made("figcaption", {}, made("span", { class: `dot ${gate.evidence}`, title: gate.evidence }), gate.label,
          made("br"), made("span", { class: "held" }, `${whole(gate.events)} (${percent(gate.events, gate.parent_events)})`), made("br"), made("span", { class: "in" }, gate.parent ? `in ${gate.parent_label}` : "")));
    });
    fill($("path"), ...figures);
  }

  async choose(population) {
    const own = this.tube.gates.find((gate) => gate.population === population);
    if (!own) return;
    this.own = own;
    this.gate = this.drafts.gate(this.tube.id, population) || own;
    this.zoomed = null;
    for (const figure of $("path").children) figure.setAttribute("aria-current", figure.dataset.population === population);
    $("path").querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" });
    $("gate-name").textContent = own.parent ? `${own.label} in ${own.parent_label}` : own.label;
    $("gate-name").title = [population, own.reason].filter(Boolean).join(": ");
    const markers = Object.keys(this.tube.axes).map((one) => [one, one]);
    options($("x-axis"), markers, own.x_axis);
    options($("y-axis"), [["", "events"], ...markers], own.y_axis);
    this.highlights();
    await this.picture();
    this.beside();
  }
  highlights() {
    const chosen = $("highlight").value;
    const { name, events } = this.tube.left_out, others = this.tube.gates.map((one) => [one.population, one.label]);
    if (events) others.push([name, `${whole(events)} left out by the quality mask`]);
    for (const flag of this.tube.flagged || []) others.push([flag.name, flag.legend]);
    options($("highlight"), [["", "no other events"], ...others], others.some(([one]) => one === chosen) ? chosen : "");
  }
  step(by) {
    const names = this.tube.gates.map((gate) => gate.population);
    this.choose(names[Math.min(names.length - 1, Math.max(0, names.indexOf(this.own.population) + by))]);
  }
  whole() {
    this.zoomed = null;
    options($("x-axis"), Object.keys(this.tube.axes).map((one) => [one, one]), this.own.x_axis);
    $("y-axis").value = this.own.y_axis;
    this.picture();
  }

  asked() {
    const [x, y] = this.zoomed || [null, null];
    return { population: this.own.population, x: $("x-axis").value, y: $("y-axis").value, x_limits: x, y_limits: y, bins: 256, highlight: $("highlight").value,
      gates: bare(this.drafts.of(this.tube.id)) };
  }

  // One request at a time; while it is under way only the newest of those that wait is kept.
  async picture() {
    if (this.asking) { this.again = true; return this.asking; }
    this.asking = this.draw();
    try { await this.asking; } finally { this.asking = null; }
    if (this.again) { this.again = false; await this.picture(); }
  }
  async draw() {
    const { tube, own } = this, begun = performance.now(), legend = $("highlight").value && $("highlight").selectedOptions[0].textContent;
    let packed;
    try { packed = await getPacked(`tube/${tube.id}/picture`, this.asked()); } catch (error) { this.failed(error); return; }
    if (tube !== this.tube || own !== this.own) { this.again = true; return; }
    const { header, numbers } = packed;
    this.plot.show({ limits: header.limits, shape: header.shape, arrays: cut(numbers, header.shape, 0, header.arrays), xName: header.x, yName: header.y, legend,
      xAxis: tube.axes[header.x], yAxis: header.y ? tube.axes[header.y] : null });
    if (!this.editor.dragged) this.gate = this.drafts.gate(tube.id, own.population) || own;
    this.editor.show(this.gate);
    this.numbers(header);
    document.body.dataset.live = (performance.now() - begun).toFixed(0);
  }
  numbers(live) {
    this.latest = live;
    showNumbers(this.tube, this.drafts.any(this.tube.id) ? live : null);
    for (const figure of $("path").children) {
      const now = live.gates[figure.dataset.population];
      if (now) { figure.dataset.count = now.events; figure.querySelector(".held").textContent = `${whole(now.events)} (${percent(now.events, now.parent_events)})`; }
    }
    const now = live.gates[this.own.population];
    $("gate-name").textContent = `${this.own.label}${this.own.parent ? ` in ${this.own.parent_label}` : ""}: ${whole(now.events)} of ${whole(now.parent_events)} (${percent(now.events, now.parent_events)})`;
  }
  live() { this.gate = this.editor.gate; this.picture(); }

  async endpoints() {
    const { tube } = this;
    if (!this.drafts.any(tube.id)) { showEndpoints(null); return; }
    try {
      const told = await post(`tube/${tube.id}/live`, { gates: bare(this.drafts.of(tube.id)), endpoints: true });
      if (tube === this.tube) showEndpoints(told.endpoints);
    } catch (error) { this.failed(error); }
  }

  async setPosition() {
    const value = $("value").value.trim().replaceAll(",", ""), percentile = $("percentile").value.trim();
    if (!this.own || this.own.kind === "none" || (!value && !percentile)) return;
    const marker = this.own.kind === "cut" ? this.own.marker : $("x-axis").value;
    try {
      const { position } = await post(`tube/${this.tube.id}/position`, { population: this.own.population, marker, value: value ? Number(value) : null, percentile: value ? null : Number(percentile) });
      const gate = structuredClone(this.gate);
      if (gate.kind === "cut") gate.cut = position;
      else {
        const lowest = Math.min(...gate.polygon.map(([x]) => x)); // the polygon's left edge goes there
        gate.polygon = gate.polygon.map(([x, y]) => [Math.round((x + position - lowest) * 1e6) / 1e6, y]);
      }
      this.drafts.remember(this.tube.id);
      this.editor.changed(gate);
      await this.endpoints();
    } catch (error) { this.failed(error); }
  }

  undo() {
    if (!this.drafts.undo(this.tube.id)) return;
    this.gate = this.drafts.gate(this.tube.id, this.own.population) || this.own;
    this.editor.show(this.gate);
    this.picture();
    this.endpoints();
    this.showEdit();
  }
  discard() {
    this.drafts.forget(this.tube.id);
    this.gate = this.own;
    this.editor.show(this.gate);
    this.picture();
    showEndpoints(null);
    this.showEdit();
  }
  showEdit() {
    const any = this.tube && this.drafts.any(this.tube.id), byHand = this.tube && this.tube.by_hand.length > 0;
    $("edit").hidden = !(any || byHand);
    for (const id of ["undo", "discard", "save", "apply"]) $(id).disabled = !any;
    $("automated").hidden = !byHand;
  }

  // The same gate in the tubes that one compares with.
  async beside() {
    const { tube, own } = this, figures = [];
    for (const [words, id] of Object.entries(tube.beside)) {
      const canvas = made("canvas", { width: 176, height: 160 }), caption = made("figcaption", {}, words);
      figures.push([id, made("figure", { "data-beside": words, onclick: () => this.open(id, own.population) }, canvas, caption), canvas, caption]);
    }
    fill($("beside"), ...figures.map(([, figure]) => figure));
    for (const [id, , canvas, caption] of figures) {
      try {
        const { header, numbers } = await getPacked(`tube/${id}/picture`, { population: own.population, bins: 96 });
        if (tube !== this.tube || own !== this.own) return;
        const plot = new Plot(canvas, 0);
        plot.show({ limits: header.limits, shape: header.shape, arrays: cut(numbers, header.shape, 0, 2), xName: header.x, yName: header.y });
        plot.draw(header.gate);
        const now = header.gates[own.population];
        caption.textContent = `${caption.textContent}: ${whole(now.events)} (${percent(now.events, now.parent_events)})`;
      } catch { caption.textContent += ": no such gate"; }
    }
  }
}

// What the server takes of a gate.
export function plain(gate) {
  const kept = { population: gate.population, kind: gate.kind, moved: true };
  return gate.kind === "cut" ? { ...kept, cut: gate.cut, marker: gate.marker, side: gate.side } : { ...kept, polygon: gate.polygon, x: gate.x, y: gate.y };
}
