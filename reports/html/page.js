// SPDX-License-Identifier: Apache-2.0
// Filters, addresses and keys. An address names a case (#case=ID) or a filter (#operator=...&outcome=...&text=...).

const filterNames = ["outcome", "operator", "direction", "implementation", "dtype"];
const filterBox = byId("filter-text");
let reasonFilter = "";
let caseTable = null;

/** Words must all occur; a word with * or ? is a pattern for the whole id. Capitals do not matter. */
function textFilter(text) {
  const tests = text
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => {
      if (!/[*?]/.test(word)) return (id) => id.includes(word);
      const source = word
        .replace(/[.+^${}()|[\]\\]/g, "\\$&")
        .replaceAll("*", ".*")
        .replaceAll("?", ".");
      const pattern = new RegExp("^" + source + "$");
      return (id) => pattern.test(id);
    });
  return (id) => tests.every((test) => test(id));
}

const lowerIds = caseIds.map((id) => id.toLowerCase());

function applyFilters() {
  const fits = textFilter(filterBox.value);
  const chosen = filterNames.map((name) => [name, byId("filter-" + name).value]).filter(([, value]) => value !== "");
  const rows = [];
  for (let row = 0; row < cases.count; ++row) {
    const kept = chosen.every(([name, value]) =>
      name === "outcome" && value === "broken" ? isBroken(row) : cases[name](row) === value,
    );
    if (kept && (!reasonFilter || cases.reason(row) === reasonFilter) && fits(lowerIds[row])) rows.push(row);
  }
  caseTable.show(rows);
  const reason = reasonFilter ? ", skipped because " + reasonFilter : "";
  byId("case-count").textContent = groupedNumber(rows.length) + " of " + groupedNumber(cases.count) + " cases" + reason;
}

/** What is filtered stands in the address, so that it can be sent to somebody; #cases when nothing is. */
function rememberFilters() {
  const parameters = new URLSearchParams();
  for (const name of filterNames) if (byId("filter-" + name).value) parameters.set(name, byId("filter-" + name).value);
  if (filterBox.value) parameters.set("text", filterBox.value);
  if (reasonFilter) parameters.set("reason", reasonFilter);
  history.replaceState(null, "", "#" + (String(parameters) || "cases"));
}

function filtersChanged() {
  applyFilters();
  rememberFilters();
}

function fillSelects() {
  for (const name of filterNames) {
    const values = new Set();
    for (let row = 0; row < cases.count; ++row) values.add(cases[name](row));
    const select = byId("filter-" + name);
    if (name === "outcome") select.append(element("option", { value: "broken" }, "anything broken"));
    const order = name === "outcome" ? (a, b) => outcomeRank[a] - outcomeRank[b] : undefined;
    for (const value of [...values].sort(order))
      select.append(element("option", { value }, value.replace("timed_out", "timed out")));
  }
}

function followAddress() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const id = parameters.get("case");
  if (id !== null) {
    if (rowOfId.has(id)) {
      openCase(rowOfId.get(id));
    } else if (caseTable) {
      byId("case-count").textContent = "This report has no case " + id;
      byId("cases").scrollIntoView();
    }
    return;
  }
  if (drawer.open) drawer.close();
  const known = [...filterNames, "text", "reason"];
  if (!caseTable || !known.some((name) => parameters.has(name))) return;
  for (const name of filterNames) byId("filter-" + name).value = parameters.get(name) || "";
  filterBox.value = parameters.get("text") || "";
  reasonFilter = parameters.get("reason") || "";
  applyFilters();
  byId("cases").scrollIntoView();
}

function startCases() {
  if (!filterBox) return;
  caseTable = new DataTable(byId("case-table"), caseColumns, caseOrder);
  fillSelects();
  applyFilters();
  let waiting = 0;
  filterBox.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filtersChanged, 60);
  });
  byId("filters").addEventListener("change", filtersChanged);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("reset", () => {
    reasonFilter = "";
    setTimeout(filtersChanged);
  });
}

function startMeasurements() {
  const fold = byId("all-measurements");
  if (!fold) return;
  const text = (name) => ({ key: measurements[name], cell: (row) => measurements[name](row) });
  const time = (name) => ({
    numeric: true,
    first: "ascending",
    key: (row) => Number(measurements[name](row)),
    cell: (row) => duration(measurements[name](row)),
  });
  const percent = (row) =>
    typeof measurements.fraction(row) === "number" ? shortNumber(100 * measurements.fraction(row)) + " %" : "";
  const columns = [
    {
      title: "Case",
      key: measurements.id,
      cell: (row) => element("a", { href: caseLink(measurements.id(row)) }, measurements.id(row)),
    },
    { title: "Timed", ...text("kind"), cell: (row) => measurements.kind(row).replaceAll("_", " ") },
    { title: "Median", ...time("median") },
    { title: "Low", ...time("low") },
    { title: "High", ...time("high") },
    { title: "Of ceiling", numeric: true, key: (row) => Number(measurements.fraction(row)) || 0, cell: percent },
    { title: "Ceiling", ...text("ceiling") },
    { title: "Note", ...text("note") },
  ];
  // Drawn when it is first opened: most readers never do.
  fold.addEventListener(
    "toggle",
    () => {
      const table = new DataTable(fold.querySelector(".table-host"), columns, (left, right) => left - right);
      table.show(Array.from({ length: measurements.count }, (_, row) => row));
    },
    { once: true },
  );
}

function markSection() {
  const links = [...document.querySelectorAll("nav a")];
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const link of links) {
          if (link.hash === "#" + entry.target.id) link.setAttribute("aria-current", "true");
          else link.removeAttribute("aria-current");
        }
      }
    },
    { rootMargin: "-15% 0px -75% 0px" },
  );
  document.querySelectorAll("main > section").forEach((section) => watcher.observe(section));
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (typing || drawer.open || byId("keys").open || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && filterBox) {
    event.preventDefault();
    byId("cases").scrollIntoView();
    filterBox.focus();
  } else if (event.key === "?") {
    byId("keys").showModal();
  } else if (event.key === "t") {
    nextTheme();
  }
});

startCases();
startMeasurements();
markSection();
followAddress();
window.addEventListener("hashchange", followAddress);
