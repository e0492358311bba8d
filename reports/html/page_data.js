// SPDX-License-Identifier: Apache-2.0
// The data block holds columns; page_data.cpp says in which forms.

const data = JSON.parse(byId("data").textContent);

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const digits = new Map([...alphabet].map((character, value) => [character, value]));

/** The number that `width` digits in base 64 spell from `start` on. */
function decoded(code, start, width) {
  let value = 0;
  for (let at = start; at < start + width; ++at) value = value * 64 + digits.get(code[at]);
  return value;
}

function decodedSeed(code, start) {
  let value = 0n;
  for (let at = start; at < start + 11; ++at) value = value * 64n + BigInt(digits.get(code[at]));
  return String(value);
}

/** null: nothing was stored. "nan" is no number, yet it is a value. */
function decodedMagnitude(code, start) {
  const step = decoded(code, start, 3);
  if (step < 4) return [null, 0, Infinity, "nan"][step];
  return 10 ** (((step - 4) * 32) / (262144 - 8) - 16);
}

/** Seconds; 0 is nothing, or less than a nanosecond. */
function decodedDuration(code, start) {
  const step = decoded(code, start, 2);
  return step === 0 ? 0 : 10 ** ((step * 12) / 4095 - 9);
}

/** Gives a function from row to value for one stored column. */
function columnReader(column) {
  if (Array.isArray(column)) return (row) => column[row];
  if ("all" in column) return () => column.all;
  if ("words" in column) return (row) => column.words[decoded(column.code, row * column.width, column.width)];
  if ("magnitudes" in column) return (row) => decodedMagnitude(column.magnitudes, row * 3);
  if ("durations" in column) return (row) => decodedDuration(column.durations, row * 2);
  if ("seeds" in column) return (row) => decodedSeed(column.seeds, row * 11);
  const rows = column.code.split(" ");
  return (row) => {
    let text = "";
    for (let at = 0; at < rows[row].length; at += column.width)
      text += column.parts[decoded(rows[row], at, column.width)];
    return text;
  };
}

function readTable(stored) {
  const table = { count: stored.count };
  for (const [name, column] of Object.entries(stored.columns)) table[name] = columnReader(column);
  return table;
}

const cases = readTable(data.cases);
for (const name of ["elements_total", "elements_judged", "mismatches"]) {
  const read = cases[name];
  cases[name] = (row) => Number(read(row));
}
const measurements = readTable(data.measurements);

const caseIds = Array.from({ length: cases.count }, (_, row) => cases.id(row));
// The label of the problem is what follows operation and implementation in the id.
cases.problem = (row) => caseIds[row].split("/").slice(2).join("/");
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
