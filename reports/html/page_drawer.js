// SPDX-License-Identifier: Apache-2.0
// The drawer of one case: what was run, how close it came, what went wrong and how to see it again.

const drawer = byId("drawer");
let openRow = -1;
let cameFrom = null;

function pairs(entries) {
  const list = element("dl", { class: "pairs" });
  for (const [term, value] of entries) {
    if (value === "" || value === null || value === undefined) continue;
    list.append(element("dt", {}, term), element("dd", {}, value));
  }
  return list;
}

/** Where the case stands between exact and wrong: a logarithmic line from 0.001 to 1000 gates. */
function gauge(gates) {
  const place = (value) => 2 + (96 * (Math.min(Math.max(Math.log10(value), -3), 3) + 3)) / 6;
  const svg = drawing("svg", {
    class: "gauge",
    role: "img",
    "aria-label": "The worst error is " + (gates === Infinity ? "not finite" : shortNumber(gates)) + " gates; 1 fails",
  });
  svg.append(drawing("line", { class: "base", x1: "2%", x2: "98%", y1: 16, y2: 16 }));
  for (const [value, name] of [
    [0.001, "0.001"],
    [0.01, "0.01"],
    [0.1, "0.1"],
    [1, "1 gate"],
    [10, "10"],
    [100, "100"],
    [1000, "1000"],
  ]) {
    const x = place(value) + "%";
    svg.append(drawing("line", { class: value === 1 ? "gate" : "grid", x1: x, x2: x, y1: 4, y2: 28 }));
    svg.append(drawing("text", { x, y: 42, "text-anchor": "middle" }, name));
  }
  svg.append(drawing("circle", { class: gates <= 1 ? "inside" : "outside", cx: place(gates) + "%", cy: 16, r: 6 }));
  return svg;
}

function coverage(row) {
  const judged = cases.elements_judged(row);
  const total = cases.elements_total(row);
  if (!total) return "";
  const share =
    judged === total
      ? "all of them judged"
      : groupedNumber(judged) + " judged (" + shortNumber((100 * judged) / total) + " %)";
  return groupedNumber(total) + ", " + share;
}

function determinism(row) {
  return {
    yes: "repeated, same bits",
    no: "repeated, different bits",
    not_promised: "not promised by its contract",
    not_checked: "",
  }[cases.deterministic(row)];
}

function failurePart(row) {
  const failure = data.failures[row];
  if (!failure) return [];
  const where = failure.output + "[" + failure.index.join(", ") + "]";
  const part = [
    element("h3", {}, "What went wrong"),
    element("p", {}, failure.message),
    pairs([
      ["worst element", where],
      ["expected", failure.expected],
      ["got", failure.got],
      ["error", failure.error + " bounds"],
      ["gate", failure.gate],
      ["dumped to", failure.dump],
    ]),
  ];
  const further = byId("maps") ? byId("maps").content.querySelectorAll("figure.map") : [];
  const map = [...document.querySelectorAll(".broken figure.map"), ...further].find(
    (figure) => figure.dataset.case === caseIds[row],
  );
  if (map) part.push(map.cloneNode(true));
  return part;
}

function smallestPart(row) {
  const smallest = data.smallest[row];
  if (!smallest) return [];
  return [
    element("h3", {}, "The smallest case that fails in the same way"),
    element("div", { class: "rerun" }, element("code", { tabindex: "0" }, smallest.rerun), copyButton(smallest.rerun)),
    pairs([
      ["fails how", smallest.finding],
      ["dumped to", smallest.dump],
      ["search", smallest.trials + " trials" + (smallest.complete ? "" : ", cut short by the time")],
    ]),
  ];
}

function marginsPart(row) {
  const gates = gatesOf(row);
  if (gates < 0) return [];
  const rms = cases.worst_rms(row);
  return [
    element("h3", {}, "How close it came"),
    gates === 0 ? "" : gauge(gates),
    pairs([
      ["worst error / bound", shortNumber(cases.worst_bound(row)) + " (gate 1)"],
      [
        "worst error / rms",
        rms === "nan" ? "no statistical gate: its rounding is biased" : shortNumber(rms) + " (gate 8)",
      ],
      ["bit-equality", cases.exact(row) ? "required" : ""],
      ["not correctly rounded", cases.mismatches(row) ? groupedNumber(cases.mismatches(row)) + " elements" : ""],
      ["determinism", determinism(row)],
    ]),
  ];
}

function measurementPart(row) {
  const rows = [];
  for (let at = 0; at < measurements.count; ++at) if (measurements.id(at) === caseIds[row]) rows.push(at);
  if (rows.length === 0) return [];
  const shown = rows.map((at) => {
    const fraction = measurements.fraction(at);
    const share =
      typeof fraction === "number" ? ", " + shortNumber(100 * fraction) + " % of " + measurements.ceiling(at) : "";
    return [
      measurements.kind(at).replaceAll("_", " "),
      duration(measurements.median(at)) +
        " (" +
        (duration(measurements.low(at)) || "?") +
        " to " +
        (duration(measurements.high(at)) || "?") +
        ")" +
        share,
    ];
  });
  return [element("h3", {}, "How fast"), pairs(shown)];
}

function drawerBar(row) {
  const close = element("button", { type: "button", "aria-label": "Close" }, "Close");
  close.addEventListener("click", () => drawer.close());
  const step = (by, label) => {
    const button = element("button", { type: "button" }, label);
    button.disabled = neighbour(row, by) === undefined;
    button.addEventListener("click", () => showNeighbour(by));
    return button;
  };
  return element(
    "div",
    { class: "drawer-bar" },
    outcomeMark(cases.outcome(row)),
    step(-1, "Previous"),
    step(1, "Next"),
    close,
  );
}

function neighbour(row, by) {
  const at = caseTable ? caseTable.rows.indexOf(row) : -1;
  return at < 0 ? undefined : caseTable.rows[at + by];
}

function showNeighbour(by) {
  const row = neighbour(openRow, by);
  if (row !== undefined) location.replace(caseLink(caseIds[row]));
}

function openCase(row) {
  if (!drawer.open) cameFrom = document.activeElement;
  openRow = row;
  const rerun = rerunLine(row);
  const rerunBox = element("div", { class: "rerun" }, element("code", { tabindex: "0" }, rerun), copyButton(rerun));
  const reason = cases.reason(row);
  drawer.replaceChildren(
    drawerBar(row),
    element("h2", { id: "drawer-title" }, ...breakable(caseIds[row])),
    reason ? element("p", { class: "soft" }, reason) : "",
    element("h3", {}, "Run it again"),
    rerunBox,
    ...smallestPart(row),
    ...failurePart(row),
    ...marginsPart(row),
    ...measurementPart(row),
    element("h3", {}, "What was run"),
    pairs([
      ["problem", cases.problem(row)],
      ["shape from", cases.source(row)],
      ["set", cases.problem_set(row)],
      ["implementation", cases.implementation(row)],
      ["backend", cases.backend(row)],
      ["device", cases.device(row) === "emulated" ? "emulated on the CPU" : cases.device(row)],
      ["dtype", cases.dtype(row)],
      ["layout", cases.layout(row)],
      ["fill", cases.fill(row)],
      ["seed", cases.seed(row) + (cases.seeds_judged(row) > 1 ? ", the worst of " + cases.seeds_judged(row) : "")],
      ["thread orders", cases.orders(row)],
      ["output elements", coverage(row)],
      [
        "fill, run, judge",
        secondsOf(row) > 0
          ? [cases.seconds_fill, cases.seconds_run, cases.seconds_judge].map((part) => duration(part(row))).join(", ")
          : "",
      ],
    ]),
  );
  if (!drawer.open) drawer.showModal();
  drawer.scrollTop = 0;
  drawer.querySelector("button.copy").focus();
}

drawer.addEventListener("close", () => {
  openRow = -1;
  // The address must not reopen what was closed; going back through every case would be tedious.
  if (location.hash.startsWith("#case=")) rememberFilters();
  if (cameFrom && cameFrom.isConnected) cameFrom.focus();
});
drawer.addEventListener("click", (event) => {
  if (event.target === drawer) drawer.close();
});
drawer.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j") showNeighbour(1);
  else if (event.key === "k") showNeighbour(-1);
  else if (event.key === "c") drawer.querySelector("button.copy").click();
});
