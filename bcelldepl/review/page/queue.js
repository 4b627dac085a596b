// The queue: what is left to be looked at, in the order in which it is worth a look.

import { $, fill, made, options } from "./dom.js";

const matches = (tube, words) => {
  const text = `${tube.file} ${tube.subject} ${tube.visit} ${tube.batch} ${tube.role} ${tube.reason}`.toLowerCase();
  return words.every((word) => text.includes(word));
};

export class Queue {
  constructor(chosen) {
    this.chosen = chosen;
    this.tubes = [];
    for (const id of ["find", "by-subject", "by-batch", "open-only"]) $(id).addEventListener("input", () => this.draw());
  }

  show(study, current) {
    this.study = study;
    this.tubes = study.tubes;
    this.current = current;
    const values = (name) => [...new Set(study.tubes.map((tube) => tube[name]))].filter((one) => one && one !== "hidden").sort();
    for (const [id, name, all] of [["by-subject", "subject", "all subjects"], ["by-batch", "batch", "all batches"]]) {
      const before = $(id).value;
      options($(id), [["", all], ...values(name).map((one) => [one, one])], values(name).includes(before) ? before : "");
    }
    $("by-subject").disabled = study.blinded && !values("subject").length;
    this.draw();
  }

  get shown() {
    const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    return this.tubes.filter((tube) => matches(tube, words)
      && (!$("by-subject").value || tube.subject === $("by-subject").value)
      && (!$("by-batch").value || tube.batch === $("by-batch").value)
      && (!$("open-only").checked || !tube.done));
  }

  tube(id) { return this.tubes.find((tube) => tube.id === id); }

  // The tube so many places on among those shown.
  step(by) {
    const shown = this.shown, place = shown.findIndex((tube) => tube.id === this.current);
    return shown[Math.min(shown.length - 1, Math.max(0, place + by))];
  }

  draw() {
    const rows = [];
    let group = null;
    for (const tube of this.shown) {
      if (tube.class !== group) {
        group = tube.class;
        rows.push(made("li", { class: "class" }, `${this.study.classes[group]} (${this.shown.filter((one) => one.class === group).length})`));
      }
      const signed = tube.signed.length ? ` · ${tube.signed.length}/${this.study.signatures} signed` : "";
      const mark = tube.broken ? "signature broken" : tube.review;
      rows.push(made("li", { class: "entry", "data-id": tube.id, "aria-current": tube.id === this.current ? "true" : "false", onclick: () => this.chosen(tube.id) },
        made("span", {}, tube.hidden ? `${tube.file} · ${tube.visit}` : `${tube.subject} · ${tube.visit}${tube.role === "sample" ? "" : ` · ${tube.role}`}`),
        mark ? made("span", { class: `mark ${tube.broken ? "changed" : tube.review}` }, mark) : null,
        made("small", { title: tube.reason }, (tube.reason || tube.file) + signed)));
    }
    fill($("queue"), ...rows);
    const left = this.tubes.filter((tube) => !tube.review || tube.review === "changed").length;
    $("left").textContent = `${left} left to judge, ${this.study.unsigned} to sign, of ${this.tubes.length}`;
    $("queue").querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
  }
}
