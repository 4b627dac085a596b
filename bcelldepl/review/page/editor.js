// A gate moved by hand: a cut dragged, corners of a polygon dragged, added and taken away, all of it shifted.

import { valueAt } from "./plot.js";
import { number } from "./dom.js";

const NEAR = 9; // pixels
const round = (value) => Math.round(value * 1e6) / 1e6;

export class Editor {
  // told: { begin(), moved(gate), ended(), zoom(xLimits, yLimits), readout(text) }
  constructor(plot, told) {
    this.plot = plot;
    this.told = told;
    this.gate = null;
    this.chosen = -1;
    const canvas = plot.canvas;
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("dblclick", (event) => this.corner(event));
  }

  show(gate) { this.gate = gate; this.redraw(); }
  redraw() { if (this.plot.data) this.plot.draw(this.gate, this.chosen); }
  get onAxes() {
    const { gate } = this, data = this.plot.data;
    if (!gate || !data) return false;
    return gate.kind === "cut" ? gate.marker === data.xName : gate.kind === "polygon" && gate.x === data.xName && gate.y === data.yName;
  }

  at(event) {
    const box = this.plot.canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) * this.plot.canvas.width / box.width, y: (event.clientY - box.top) * this.plot.canvas.height / box.height };
  }

  hit(point) {
    if (!this.onAxes) return null;
    const { gate, plot } = this;
    if (gate.kind === "cut") return gate.cut !== null && Math.abs(plot.toX(gate.cut) - point.x) < NEAR ? { cut: true } : null;
    const k = gate.polygon.findIndex(([x, y]) => Math.hypot(plot.toX(x) - point.x, plot.toY(y) - point.y) < NEAR);
    if (k >= 0) return { corner: k };
    return this.edge(point) >= 0 ? { all: true } : null;
  }

  edge(point) {
    const pixels = this.gate.polygon.map(([x, y]) => [this.plot.toX(x), this.plot.toY(y)]);
    return pixels.findIndex(([ax, ay], k) => {
      const [bx, by] = pixels[(k + 1) % pixels.length], length = Math.hypot(bx - ax, by - ay) || 1;
      const part = Math.min(1, Math.max(0, ((point.x - ax) * (bx - ax) + (point.y - ay) * (by - ay)) / length ** 2));
      return Math.hypot(ax + part * (bx - ax) - point.x, ay + part * (by - ay) - point.y) < NEAR - 2;
    });
  }

  down(event) {
    if (!this.plot.data) return;
    const point = this.at(event);
    this.plot.canvas.setPointerCapture(event.pointerId);
    if (event.shiftKey) { this.framing = point; return; }
    this.dragged = this.hit(point);
    this.from = point;
    this.chosen = this.dragged && this.dragged.corner !== undefined ? this.dragged.corner : -1;
    this.begun = false;
    this.redraw();
  }

  move(event) {
    if (!this.plot.data) return;
    const point = this.at(event), { plot } = this;
    const { xAxis, yAxis } = plot.data;
    const words = [`${xAxis.marker} ${number(valueAt(xAxis, plot.fromX(point.x)), 4)}`];
    if (yAxis) words.push(`${yAxis.marker} ${number(valueAt(yAxis, plot.fromY(point.y)), 4)}`);
    this.told.readout(words.join("   "));
    if (this.framing) { this.redraw(); plot.frame(this.framing, point); return; }
    if (!this.dragged) {
      plot.canvas.style.cursor = this.hit(point) ? (this.gate.kind === "cut" ? "ew-resize" : "move") : "crosshair";
      return;
    }
    if (!this.begun) { this.told.begin(); this.begun = true; }
    const gate = structuredClone(this.gate);
    if (this.dragged.cut) gate.cut = round(plot.fromX(point.x));
    else if (this.dragged.corner !== undefined) gate.polygon[this.dragged.corner] = [round(plot.fromX(point.x)), round(plot.fromY(point.y))];
    else {
      const dx = plot.fromX(point.x) - plot.fromX(this.from.x), dy = plot.fromY(point.y) - plot.fromY(this.from.y);
      gate.polygon = gate.polygon.map(([x, y]) => [round(x + dx), round(y + dy)]);
      this.from = point;
    }
    this.changed(gate);
  }

  changed(gate) {
    gate.moved = true;
    gate.interval = null;
    this.gate = gate;
    this.redraw();
    this.told.moved(gate);
  }

  up(event) {
    const point = this.at(event), { plot } = this;
    if (this.framing) {
      const a = this.framing;
      this.framing = null;
      if (Math.abs(a.x - point.x) > 12 && (Math.abs(a.y - point.y) > 12 || !plot.data.yAxis)) {
        const sorted = (p, q) => [Math.min(p, q), Math.max(p, q)];
        this.told.zoom(sorted(plot.fromX(a.x), plot.fromX(point.x)), plot.data.yAxis ? sorted(plot.fromY(a.y), plot.fromY(point.y)) : null);
      } else this.redraw();
      return;
    }
    if (this.dragged && this.begun) this.told.ended();
    this.dragged = null;
  }

  // A double click takes a corner away, or puts one on an edge.
  corner(event) {
    if (!this.onAxes || this.gate.kind !== "polygon") return;
    const point = this.at(event), hit = this.hit(point), gate = structuredClone(this.gate);
    if (hit && hit.corner !== undefined && gate.polygon.length > 3) gate.polygon.splice(hit.corner, 1);
    else if (hit && hit.all) gate.polygon.splice(this.edge(point) + 1, 0, [round(this.plot.fromX(point.x)), round(this.plot.fromY(point.y))]);
    else return;
    this.chosen = -1;
    this.told.begin();
    this.changed(gate);
    this.told.ended();
  }
}
