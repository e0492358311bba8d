// SPDX-License-Identifier: Apache-2.0
// Small pieces that everything below uses. Text enters the page as text nodes only: no string is ever parsed as HTML.
"use strict";

const byId = (id) => document.getElementById(id);

// What turns the direction of writing could make one name pose as another; it is shown, not obeyed.
const visible = (text) => text.replace(/[\u0000-\u0008\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

/** element("td", { class: "n" }, "text", childElement, ...) */
function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  const shown = children.filter((child) => child !== null && child !== undefined && child !== "");
  node.append(...shown.map((child) => (typeof child === "string" ? visible(child) : child)));
  return node;
}

/** An id with places behind "/" and "," where a line may break. */
function breakable(id) {
  return id.split(/(?<=[\/,])/).flatMap((part) => [part, document.createElement("wbr")]);
}

function drawing(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  return node;
}

function outcomeMark(outcome) {
  const key = drawing("svg", { class: "key", "aria-hidden": "true" });
  key.append(drawing("rect", { class: "o-" + outcome, width: "100%", height: "100%" }));
  return element("span", { class: "outcome" }, key, outcome.replace("_", " "));
}

const brokenOutcomes = new Set(["failed", "crashed", "timed_out", "blind"]);

function groupedNumber(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function shortNumber(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "" : String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e7) return value.toExponential(1);
  return size >= 100 ? groupedNumber(Math.round(value)) : String(Number(value.toPrecision(2)));
}

function duration(seconds) {
  if (typeof seconds !== "number") return "";
  for (const [factor, unit] of [
    [1, "s"],
    [1e-3, "ms"],
    [1e-6, "µs"],
  ]) {
    if (seconds >= factor) return (seconds / factor).toPrecision(3) + " " + unit;
  }
  return seconds === 0 ? "0" : (seconds * 1e9).toPrecision(3) + " ns";
}

/** A page opened from a file has no navigator.clipboard in some browsers; a selected text area works in all. */
async function copyText(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { readonly: true, "aria-hidden": "true", tabindex: "-1" });
    area.value = text;
    near.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}

function copyButton(text, label) {
  const button = element("button", { type: "button", class: "copy" }, label || "Copy");
  button.dataset.text = text;
  return button;
}

// One listener serves the buttons in the page and those of the drawer.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const label = button.dataset.label || button.textContent;
  button.dataset.label = label;
  const text = button.dataset.text || button.parentElement.querySelector("code").textContent;
  const copied = await copyText(text, button.parentElement);
  button.focus();
  button.textContent = copied ? "Copied" : "Select and copy by hand";
  setTimeout(() => {
    button.textContent = label;
  }, 1600);
});

// Themes: the system's, or one that was chosen and is remembered where the browser lets a file remember.
const themes = ["system", "light", "dark"];
function storedTheme() {
  try {
    return localStorage.getItem("lockstep-theme") || "system";
  } catch {
    return "system";
  }
}
function applyTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  byId("theme").textContent = "Theme: " + theme;
  try {
    localStorage.setItem("lockstep-theme", theme);
  } catch {
    /* the choice then lasts for this page */
  }
}
function nextTheme() {
  const current = document.documentElement.dataset.theme || "system";
  applyTheme(themes[(themes.indexOf(current) + 1) % themes.length]);
}
applyTheme(themes.includes(storedTheme()) ? storedTheme() : "system");
byId("theme").addEventListener("click", nextTheme);
