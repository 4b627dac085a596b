// Elements made of data: text only ever as text, never as markup.

export const $ = (id) => document.getElementById(id);

export function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.className = value;
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((one) => one !== null && one !== undefined).map((one) => (one instanceof Node ? one : String(one))));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.filter((one) => one !== null && one !== undefined));
}

export function options(select, values, chosen) {
  fill(select, ...values.map(([value, label]) => made("option", { value }, label)));
  select.value = chosen;
}

// Three digits, or all before the point; zeros behind the point go, those before it count.
export function number(value, digits = 3) {
  if (value === null || value === undefined || value === "") return "";
  if (Math.abs(value) >= 10 ** digits) return Math.round(value).toLocaleString("en");
  const text = Number(value).toPrecision(digits);
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

export const whole = (value) => (value === null || value === undefined ? "" : value.toLocaleString("en"));

// A dialog with fields; resolves to what was typed, or null.
export function ask(title, fields, doing, words = []) {
  const dialog = $("dialog");
  return new Promise((resolve) => {
    const inputs = {};
    const rows = fields.map((field) => {
      const input = field.options
        ? made("select", {}, ...field.options.map((one) => made("option", { value: one }, one || "–")))
        : made("input", { size: 48, value: field.value || "" });
      inputs[field.name] = input;
      return made("label", {}, field.label, " ", input);
    });
    const wrong = made("div", { class: "wrong" });
    const form = made("form", { method: "dialog" },
      made("strong", {}, title), ...words.map((one) => (one instanceof Node ? one : made("div", {}, one))), ...rows, wrong,
      made("div", { class: "buttons" },
        made("button", { type: "button", onclick: () => done(null) }, "Cancel"),
        made("button", { type: "submit", class: "primary", id: "dialog-do" }, doing)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const typed = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value.trim()]));
      const lacking = fields.find((field) => field.needed && !field.needed(typed));
      if (lacking) { wrong.textContent = `${lacking.label}: please fill in`; return; }
      done(typed);
    });
    function done(answer) { dialog.close(); dialog.oncancel = null; resolve(answer); }
    dialog.oncancel = (event) => { event.preventDefault(); done(null); };
    fill(dialog, form);
    dialog.showModal();
    (Object.values(inputs)[0] || form.querySelector(".primary")).focus();
  });
}
