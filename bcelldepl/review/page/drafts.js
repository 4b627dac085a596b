// Gates that are moved and not yet saved: kept in this browser, so that a page loaded again still has them.

const KEY = "bcelldepl drafts";

// What the server takes of gates: without what only the page needs to draw them.
export const bare = (gates) => gates.map(({ kind, moved, interval, ...gate }) => gate);

export class Drafts {
  constructor(study) {
    this.study = study;
    this.past = {};
    try { this.all = JSON.parse(localStorage.getItem(KEY) || "{}")[study] || {}; } catch { this.all = {}; }
  }
  of(tube) { return Object.values(this.all[tube] || {}); }
  gate(tube, population) { return (this.all[tube] || {})[population]; }
  any(tube) { return this.of(tube).length > 0; }

  // Before a gate is moved: where it was, for undo.
  remember(tube) {
    (this.past[tube] ||= []).push(JSON.stringify(this.all[tube] || {}));
    if (this.past[tube].length > 200) this.past[tube].shift();
  }
  set(tube, gate) { (this.all[tube] ||= {})[gate.population] = gate; this.keep(); }
  undo(tube) {
    const before = (this.past[tube] || []).pop();
    if (before === undefined) return false;
    this.all[tube] = JSON.parse(before);
    this.keep();
    return true;
  }
  forget(tube) { delete this.all[tube]; delete this.past[tube]; this.keep(); }
  keep() {
    let stored = {};
    try { stored = JSON.parse(localStorage.getItem(KEY) || "{}"); } catch { /* begun anew */ }
    stored[this.study] = Object.fromEntries(Object.entries(this.all).filter(([, gates]) => Object.keys(gates).length));
    localStorage.setItem(KEY, JSON.stringify(stored));
  }
}
