// SPDX-License-Identifier: Apache-2.0
// The data block holds columns; page_data.cpp says in which forms.

const data = JSON.parse(byId("data").textContent);

/** Gives a function from row to value for one stored column. */
function columnReader(column) {
  if (Array.isArray(column)) return (row) => column[row];
  if ("all" in column) return () => column.all;
  if ("words" in column) return (row) => column.words[column.at[row]];
  return (row) => column.of[row].map((part) => column.parts[part]).join("");
}

function readTable(stored) {
  const table = { count: stored.count };
  for (const [name, column] of Object.entries(stored.columns)) table[name] = columnReader(column);
  return table;
}

const cases = readTable(data.cases);
const measurements = readTable(data.measurements);

const caseIds = Array.from({ length: cases.count }, (_, row) => cases.id(row));
const rowOfId = new Map(caseIds.map((id, row) => [id, row]));

const isBroken = (row) => brokenOutcomes.has(cases.outcome(row));

/** Error in gates: 1 is where a case fails. Infinity for what is not finite, -1 where nothing was judged. */
function gatesOf(row) {
  const bound = cases.worst_bound(row);
  if (bound === null) return -1;
  if (typeof bound !== "number") return Infinity;
  const rms = cases.worst_rms(row);
  return Math.max(bound, typeof rms === "number" ? rms / 8 : 0);
}

// What broke comes first and the furthest from the truth leads; then what passed, then what did not run.
const outcomeRank = { crashed: 0, timed_out: 1, failed: 2, blind: 3, passed: 4, refused: 5, skipped: 6 };

function shellQuoted(text) {
  return /^[A-Za-z0-9_.=,\/+-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'";
}

function rerunLine(row) {
  const failure = data.failures[row];
  if (failure && failure.rerun) return failure.rerun;
  return "lockstep verify --case " + shellQuoted(caseIds[row]) + " --seed " + cases.seed(row);
}

const caseLink = (id) => "#case=" + encodeURIComponent(id);
