// Beside the picture: numbers before and after, endpoints that would change, flags, who judged and signed, facts.

import { $, fill, made, number, whole } from "./dom.js";

// Columns of the result: percent of the parent where the study gives percentages, else cells/uL.
const inPercent = (row) => row.method === "percent";
const value = (row) => (inPercent(row) ? row.percent_of_parent : row.cells_per_ul);
const ends = (row) => (inPercent(row) ? [row.percent_of_parent_ci_low, row.percent_of_parent_ci_high] : [row.ci_low_per_ul, row.ci_high_per_ul]);
const interval = (row) => (ends(row)[0] === null || ends(row)[0] === undefined ? "" : ends(row).map((end) => number(end)).join(" – "));

export const result = (row) => `${number(value(row)) || "–"} ${row.result}`;

export function showNumbers(tube, live) {
  const now = Object.fromEntries((live ? live.counts : []).map((row) => [row.population, row]));
  const rows = tube.counts.map((row) => {
    const after = now[row.population], moved = after && (after.events !== row.events || after.result !== row.result);
    const cells = moved
      ? [`${whole(row.events)} → ${whole(after.events)}`, `${number(value(row))} → ${number(value(after))}`, interval(after), row.result === after.result ? row.result : `${row.result} → ${after.result}`]
      : [whole(row.events), number(value(row)), interval(row), row.result];
    return made("tr", { "data-population": row.population, title: (moved ? after.reason : row.reason) || "" }, made("td", {}, row.label),
      ...cells.map((cell) => made("td", { class: moved ? "moved" : "" }, cell)));
  });
  fill($("numbers"), made("tr", {}, ...["population", "events", tube.counts.some(inPercent) ? "% of parent" : "cells/µL", "95 % interval", "result"].map((one) => made("th", {}, one))), ...rows);
}

export function showEndpoints(changed) {
  if (!changed) { fill($("endpoints")); return; }
  const words = changed.map((one) => made("p", {}, `${one.label}${one.course > 1 ? ` (course ${one.course})` : ""}: ${one.before || "–"} → ${one.after || "–"} ${one.unit}`));
  fill($("endpoints"), made("strong", {}, changed.length ? "Endpoints that would change" : "No endpoint would change"), ...words);
}

// show: highlights events by name, at a gate; flags of the quality mask and of the model's checks are pressed to see them.
export function showFlags(tube, show) {
  const left = tube.left_out || { events: 0, flags: [] };
  const pressed = (words, kind, events) => made("p", { class: kind }, made("button", { title: "show these events in the picture", onclick: events }, words));
  const flag = (words, kind) => {
    const found = (tube.flagged || []).find((one) => one.sentence === words);
    if (found) return pressed(words, kind, () => show(found.name, found.population));
    return left.events && left.flags.includes(words) ? pressed(words, kind, () => show(left.name)) : made("p", { class: kind }, words);
  };
  const row = tube.row, ask = (row.reason || "").split("; ").filter(Boolean), flags = (row.quality_flags || "").split("; ").filter(Boolean);
  fill($("flags"), ...ask.map((one) => flag(one, "ask")), ...flags.filter((one) => !ask.includes(one)).map((one) => flag(one, "")),
    ...(row.warnings ? [made("p", {}, row.warnings)] : []));
  fill($("said"),
    tube.judgement ? made("p", {}, tube.judgement) : null,
    ...tube.signatures.map((one) => made("p", { class: one.holds ? "" : "broken", title: one.meaning }, one.holds ? one.sentence : `broken: ${one.sentence}`)),
    ...tube.overrides.map((one) => made("p", {}, one)));
}

export function showFacts(tube) {
  const facts = tube.facts || {}, row = tube.row;
  const listed = [["bead count", whole(facts.bead_count)], ["beads seen", whole(facts.beads_seen)], ["blood volume", facts.blood_volume_ul && `${facts.blood_volume_ul} µL`],
    ["acquired volume", facts.acquired_volume_ul && `${number(facts.acquired_volume_ul, 5)} µL`], ["events", whole(facts.events)],
    ["time kept", facts.kept_time_fraction && `${(100 * facts.kept_time_fraction).toFixed(1)} %`], ["left out", row.dropped], ["cytometer", facts.cytometer],
    ["acquired", facts.date], ["dose group", tube.dose_group], ["batch", row.batch], ["comment", row.comment], ...Object.entries(facts.keywords || {})];
  fill($("facts"), ...listed.filter(([, value]) => value).map(([name, value]) => made("tr", {}, made("td", {}, name), made("td", {}, value))));
  showTime(facts.time, Object.fromEntries(tube.counts.map((one) => [one.population, one.label])));
}

function showTime(time, labels) {
  const canvas = $("time"), c = canvas.getContext("2d");
  c.clearRect(0, 0, canvas.width, canvas.height);
  if (!time) return;
  const names = Object.keys(time.populations), n = time.kept.length, width = canvas.width / n, height = canvas.height - 16;
  c.font = "11px system-ui, sans-serif";
  time.kept.forEach((kept, k) => {
    c.fillStyle = kept < 0.5 * time.events_per_part ? "#f3c6c2" : "#e3e7eb";
    c.fillRect(k * width, 14, width, height);
  });
  const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4a4a4a"];
  let place = 4;
  names.slice(0, 7).forEach((name, i) => {
    const counts = time.populations[name], most = Math.max(1, ...counts);
    c.strokeStyle = c.fillStyle = colours[i];
    c.beginPath();
    counts.forEach((count, k) => c.lineTo((k + 0.5) * width, 14 + height * (1 - count / most)));
    c.stroke();
    const label = labels[name] || name;
    c.fillText(label, place, 10);
    place += c.measureText(label).width + 9;
  });
}
