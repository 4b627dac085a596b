// Pictures of gates: counts to colours, axes in the instrument's units, the gate on top.

const OUTSIDE = [[223, 227, 231], [163, 173, 183], [93, 104, 115]];
const INSIDE = [[141, 187, 232], [47, 127, 202], [8, 48, 107]];
const SHOWN = [230, 120, 0];
const INK = "#1f2933", MUTED = "#66727f", LINE = "#b8c1ca", ACCENT = "#0b5cad";
const DASHES = { subject: [7, 3], batch: [7, 3], fixed: [2, 3], failed: [2, 3] };

function ramp(colours, part) {
  const place = Math.min(0.999, Math.max(0, part)) * (colours.length - 1), k = Math.floor(place), f = place - k;
  return colours[k].map((low, i) => low + f * (colours[k + 1][i] - low));
}

// Counts of the parent, of the population in it, and of highlighted events: an image, one pixel for each bin.
export function densityImage(plane, inside, shown, bins) {
  const image = new ImageData(bins, bins);
  let most = 1;
  for (const count of plane) if (count > most) most = count;
  const scale = 1 / Math.log1p(most);
  for (let x = 0; x < bins; x++) for (let y = 0; y < bins; y++) {
    const from = x * bins + y, to = 4 * ((bins - 1 - y) * bins + x), count = plane[from];
    if (!count && !(shown && shown[from])) continue;
    const part = Math.log1p(count) * scale;
    const colour = shown && shown[from] ? SHOWN : ramp(2 * inside[from] >= count ? INSIDE : OUTSIDE, part);
    image.data.set([colour[0], colour[1], colour[2], 255], to);
  }
  const canvas = new OffscreenCanvas(bins, bins);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

export class Plot {
  // `margin` 0 draws the field alone, as in the row of all gates.
  constructor(canvas, margin = { left: 62, right: 12, top: 10, bottom: 46 }) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.margin = margin || { left: 1, right: 1, top: 1, bottom: 1 };
    this.axes = margin !== 0;
  }
  get width() { return this.canvas.width - this.margin.left - this.margin.right; }
  get height() { return this.canvas.height - this.margin.top - this.margin.bottom; }

  // data: { limits: [[x0, x1], [y0, y1]], shape, arrays: [plane, inside, shown?], legend, xAxis, yAxis, xName, yName }
  show(data) {
    this.data = data;
    this.image = data.shape.length === 2
      ? densityImage(data.arrays[0], data.arrays[1], data.arrays[2], data.shape[0]) : null;
  }
  toX(position) { const [a, b] = this.data.limits[0]; return this.margin.left + this.width * (position - a) / (b - a); }
  toY(position) { const [a, b] = this.data.limits[1]; return this.margin.top + this.height * (1 - (position - a) / (b - a)); }
  fromX(pixel) { const [a, b] = this.data.limits[0]; return a + (b - a) * (pixel - this.margin.left) / this.width; }
  fromY(pixel) { const [a, b] = this.data.limits[1]; return a + (b - a) * (1 - (pixel - this.margin.top) / this.height); }

  draw(gate, chosen = -1) {
    const c = this.context, { left, top } = this.margin;
    c.clearRect(0, 0, this.canvas.width, this.canvas.height);
    c.save();
    c.beginPath();
    c.rect(left, top, this.width, this.height);
    c.clip();
    if (this.image) {
      c.imageSmoothingEnabled = this.image.width > this.width;
      c.drawImage(this.image, left, top, this.width, this.height);
    } else this.bars();
    if (gate) this.gate(gate, chosen);
    c.restore();
    c.strokeStyle = LINE;
    c.lineWidth = 1;
    c.strokeRect(left - 0.5, top - 0.5, this.width + 1, this.height + 1);
    if (this.axes) this.ticks();
    if (this.axes && this.data.legend) this.legend();
    this.canvas.dataset.legend = this.data.legend || "";
  }

  // What the highlighted events are.
  legend() {
    const c = this.context, { left, top } = this.margin;
    c.font = "12px system-ui, sans-serif";
    c.fillStyle = "rgb(255 255 255 / 85%)";
    c.fillRect(left + 6, top + 6, c.measureText(this.data.legend).width + 26, 20);
    c.fillStyle = `rgb(${SHOWN})`;
    c.fillRect(left + 11, top + 11, 10, 10);
    c.fillStyle = INK;
    c.textAlign = "left";
    c.fillText(this.data.legend, left + 26, top + 20);
  }

  bars() {
    const c = this.context, { left, top } = this.margin, [all, inside, shown] = this.data.arrays, n = all.length;
    const most = Math.log1p(all.reduce((a, b) => Math.max(a, b), 1)) * 1.06;
    for (const [counts, colour] of [[all, "#b3bcc5"], [inside, "#3d87cc"], [shown, `rgb(${SHOWN})`]]) {
      if (!counts) continue;
      c.fillStyle = colour;
      for (let k = 0; k < n; k++) {
        const h = this.height * Math.log1p(counts[k]) / most;
        if (h) c.fillRect(left + this.width * k / n, top + this.height - h, Math.ceil(this.width / n), h);
      }
    }
  }

  gate(gate, chosen) {
    const c = this.context, { top } = this.margin, size = this.axes ? 2 : 1.2;
    c.strokeStyle = gate.moved ? "#b3261e" : INK;
    c.lineWidth = size;
    c.setLineDash(gate.moved ? [] : DASHES[gate.evidence] || []);
    if (gate.kind === "cut" && gate.marker === this.data.xName && gate.cut !== null && gate.cut !== undefined) {
      if (gate.interval && !gate.moved) {
        c.fillStyle = "rgb(230 159 0 / 22%)";
        c.fillRect(this.toX(gate.interval[0]), top, this.toX(gate.interval[1]) - this.toX(gate.interval[0]), this.height);
      }
      c.beginPath();
      c.moveTo(this.toX(gate.cut), top);
      c.lineTo(this.toX(gate.cut), top + this.height);
      c.stroke();
    }
    if (gate.kind === "polygon" && gate.polygon && gate.x === this.data.xName && gate.y === this.data.yName && gate.polygon.length) {
      c.beginPath();
      gate.polygon.forEach(([x, y], k) => (k ? c.lineTo(this.toX(x), this.toY(y)) : c.moveTo(this.toX(x), this.toY(y))));
      c.closePath();
      c.stroke();
      if (this.axes) gate.polygon.forEach(([x, y], k) => {
        c.fillStyle = k === chosen ? "#b3261e" : "#fff";
        c.setLineDash([]);
        c.beginPath();
        c.arc(this.toX(x), this.toY(y), 4, 0, 7);
        c.fill();
        c.stroke();
      });
    }
    c.setLineDash([]);
  }

  ticks() {
    const c = this.context, { left, top } = this.margin, bottom = top + this.height;
    c.fillStyle = MUTED;
    c.strokeStyle = LINE;
    c.font = "12px system-ui, sans-serif";
    c.textAlign = "center";
    const { xAxis, yAxis, limits } = this.data;
    for (const [at, label, long] of xAxis.ticks) if (at >= limits[0][0] && at <= limits[0][1]) {
      const x = this.toX(at);
      c.beginPath(); c.moveTo(x, bottom); c.lineTo(x, bottom + (long ? 7 : 4)); c.stroke();
      if (label) c.fillText(label, x, bottom + 20);
    }
    c.fillStyle = INK;
    c.fillText(xAxis.marker === xAxis.detector ? xAxis.marker : `${xAxis.marker}  (${xAxis.detector})`, left + this.width / 2, bottom + 39);
    c.save();
    c.translate(13, top + this.height / 2);
    c.rotate(-Math.PI / 2);
    const name = yAxis ? (yAxis.marker === yAxis.detector ? yAxis.marker : `${yAxis.marker}  (${yAxis.detector})`) : "events [log]";
    c.fillText(name, 0, 0);
    c.restore();
    if (!yAxis) return;
    c.fillStyle = MUTED;
    c.textAlign = "right";
    for (const [at, label, long] of yAxis.ticks) if (at >= limits[1][0] && at <= limits[1][1]) {
      const y = this.toY(at);
      c.beginPath(); c.moveTo(left, y); c.lineTo(left - (long ? 7 : 4), y); c.stroke();
      if (label) c.fillText(label, left - 9, y + 4);
    }
  }

  // A dashed frame while a part of the plane is chosen.
  frame(a, b) {
    const c = this.context;
    c.strokeStyle = ACCENT;
    c.setLineDash([4, 3]);
    c.strokeRect(Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(a.x - b.x), Math.abs(a.y - b.y));
    c.setLineDash([]);
  }
}

// The value at a position, by the table that came with the axis.
export function valueAt(axis, position) {
  const [low, high] = axis.limits, n = axis.values.length;
  const place = Math.min(n - 1, Math.max(0, (position - low) / (high - low) * (n - 1)));
  const k = Math.min(n - 2, Math.floor(place));
  return axis.values[k] + (place - k) * (axis.values[k + 1] - axis.values[k]);
}

export function cut(numbers, shape, start, arrays) {
  const size = shape.reduce((a, b) => a * b, 1);
  return Array.from({ length: arrays }, (_, k) => numbers.subarray(start + k * size, start + (k + 1) * size));
}
