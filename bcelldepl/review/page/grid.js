// One gate over many tubes: the odd one out is seen at a glance, and each opens.

import { getPacked } from "./api.js";
import { $, fill, made, options, whole } from "./dom.js";
import { Plot, cut } from "./plot.js";

export class Grid {
  constructor(queue, chosen) {
    this.queue = queue;
    this.chosen = chosen;
    this.turn = 0;
  }
  get open() { return !$("grid").hidden; }

  // gates: [population, label] each.
  async show(gates, population) {
    $("grid").hidden = false;
    $("tube").hidden = true;
    const gate = made("select", { id: "grid-gate", "aria-label": "gate" });
    options(gate, gates, population);
    gate.addEventListener("input", () => this.show(gates, gate.value));
    const tubes = this.queue.shown.slice(0, 120), cells = made("div", { class: "cells" });
    fill($("grid"), made("div", {}, made("strong", {}, "One gate over the tubes of the queue: "), gate, ` ${tubes.length} tubes; filter the queue by subject or batch `,
      made("button", { onclick: () => this.close() }, "Close")), cells);
    const turn = ++this.turn, parts = [];
    for (const tube of tubes) {
      if (turn !== this.turn) return;
      const canvas = made("canvas", { width: 168, height: 150 });
      const caption = made("figcaption", {}, tube.hidden ? tube.file : `${tube.subject} · ${tube.visit}`);
      const figure = made("figure", { "data-id": tube.id, onclick: () => { this.close(); this.chosen(tube.id, gate.value); } }, canvas, caption);
      cells.append(figure);
      try {
        const { header, numbers } = await getPacked(`tube/${tube.id}/picture`, { population, bins: 84 });
        const plot = new Plot(canvas, 0);
        plot.show({ limits: header.limits, shape: header.shape, arrays: cut(numbers, header.shape, 0, 2), xName: header.x, yName: header.y });
        plot.draw(header.gate);
        const { events, parent_events: parent } = header.gates[population];
        caption.append(made("br"), `${whole(events)} / ${whole(parent)} (${parent ? (100 * events / parent).toPrecision(3) : "–"} %)`);
        parts.push({ figure, share: Math.log10((events + 1) / (parent + 1)) });
        this.mark(parts);
      } catch (error) {
        caption.append(made("br"), error.message);
      }
    }
  }

  // Tubes whose share lies far from the others'.
  mark(parts) {
    const middle = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
    if (parts.length < 4) return;
    const centre = middle(parts.map((one) => one.share)), spread = Math.max(0.1, 1.48 * middle(parts.map((one) => Math.abs(one.share - centre))));
    for (const one of parts) one.figure.classList.toggle("odd", Math.abs(one.share - centre) > 3 * spread);
  }

  close() {
    this.turn++;
    $("grid").hidden = true;
    $("tube").hidden = false;
  }
}
