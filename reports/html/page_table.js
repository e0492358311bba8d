// SPDX-License-Identifier: Apache-2.0
// A sortable table that shows a page of rows at a time: ten thousand rows cost what fifty cost.

const rowsPerPage = 50;

class DataTable {
  /**
   * columns: [{ title, key(row) -> number or text to sort by, cell(row) -> node or text, numeric, first }]; first:
   *   the direction of the first press, "ascending" or "descending".
   * order(left, right): the order before any column is chosen.
   */
  constructor(host, columns, order) {
    this.host = host;
    this.columns = columns;
    this.order = order;
    this.rows = [];
    this.page = 0;
    this.sorted = null;
    this.head = element("tr");
    columns.forEach((column, index) => {
      const button = element("button", { type: "button" }, column.title);
      button.addEventListener("click", () => this.sortBy(index));
      this.head.append(element("th", { class: column.numeric ? "n" : null, scope: "col" }, button));
    });
    this.body = element("tbody");
    this.back = element("button", { type: "button" }, "Previous");
    this.forth = element("button", { type: "button" }, "Next");
    this.place = element("span", { role: "status" });
    this.pager = element("div", { class: "pager" }, this.back, this.forth, this.place);
    this.back.addEventListener("click", () => this.turn(-1));
    this.forth.addEventListener("click", () => this.turn(1));
    this.body.addEventListener("keydown", (event) => this.onKey(event));
    host.append(element("table", {}, element("thead", {}, this.head), this.body), this.pager);
  }

  show(rows) {
    this.rows = rows.slice();
    this.page = 0;
    this.sort();
    this.draw();
  }

  sortBy(index) {
    const column = this.columns[index];
    const first = column.first || (column.numeric ? "descending" : "ascending");
    const second = first === "ascending" ? "descending" : "ascending";
    const now = this.sorted && this.sorted.index === index ? this.sorted.direction : null;
    // Third press: back to the order in which what broke comes first.
    this.sorted = now === null ? { index, direction: first } : now === first ? { index, direction: second } : null;
    [...this.head.children].forEach((cell, at) => {
      if (this.sorted && at === this.sorted.index) cell.setAttribute("aria-sort", this.sorted.direction);
      else cell.removeAttribute("aria-sort");
    });
    this.page = 0;
    this.sort();
    this.draw();
  }

  sort() {
    if (!this.sorted) {
      this.rows.sort(this.order);
      return;
    }
    const { key } = this.columns[this.sorted.index];
    const sign = this.sorted.direction === "ascending" ? 1 : -1;
    const keys = new Map(this.rows.map((row) => [row, key(row)]));
    this.rows.sort((left, right) => {
      const a = keys.get(left);
      const b = keys.get(right);
      return (a < b ? -sign : a > b ? sign : 0) || left - right;
    });
  }

  turn(step) {
    this.page += step;
    this.draw();
    this.host.scrollIntoView({ block: "nearest" });
  }

  draw() {
    const pages = Math.max(1, Math.ceil(this.rows.length / rowsPerPage));
    this.page = Math.min(Math.max(this.page, 0), pages - 1);
    const shown = this.rows.slice(this.page * rowsPerPage, (this.page + 1) * rowsPerPage);
    this.body.replaceChildren(
      ...shown.map((row) => {
        const cells = this.columns.map((column) =>
          element("td", { class: column.numeric ? "n" : null }, column.cell(row)),
        );
        return element("tr", {}, ...cells);
      }),
    );
    if (this.rows.length === 0) {
      const nothing = element("td", { colspan: this.columns.length, class: "soft" }, "No row fits the filter.");
      this.body.append(element("tr", {}, nothing));
    }
    this.pager.hidden = pages === 1;
    this.back.disabled = this.page === 0;
    this.forth.disabled = this.page === pages - 1;
    this.place.textContent = "Page " + (this.page + 1) + " of " + pages;
  }

  onKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const row = event.target.closest("tr");
    const next = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
    const link = next && next.querySelector("a");
    if (!link) return;
    event.preventDefault();
    link.focus();
  }
}

const caseColumns = [
  { title: "Outcome", key: (row) => outcomeRank[cases.outcome(row)], cell: (row) => outcomeMark(cases.outcome(row)) },
  { title: "Case", key: (row) => caseIds[row], cell: caseCell },
  { title: "Dtype", key: cases.dtype, cell: (row) => cases.dtype(row) },
  { title: "On", key: cases.device, cell: (row) => cases.device(row) },
  { title: "Error, gates", key: gatesOf, numeric: true, cell: gatesCell },
  {
    title: "Judged",
    key: (row) => cases.elements_judged(row),
    numeric: true,
    cell: (row) => (cases.elements_judged(row) ? groupedNumber(cases.elements_judged(row)) : ""),
  },
  { title: "Took", key: secondsOf, numeric: true, cell: (row) => (secondsOf(row) > 0 ? duration(secondsOf(row)) : "") },
];

function caseCell(row) {
  // Who on the first line, on what on the second.
  const id = caseIds[row];
  const second = id.indexOf("/", id.indexOf("/") + 1) + 1;
  const link = element(
    "a",
    { href: caseLink(id) },
    ...breakable(second > 0 ? id.slice(0, second) : id),
    second > 0 ? element("small", {}, ...breakable(id.slice(second))) : null,
  );
  const why = cases.reason(row) || (data.failures[row] || {}).message;
  return element("div", {}, link, why ? element("span", { class: "why" }, why) : null);
}

function gatesCell(row) {
  const gates = gatesOf(row);
  if (gates < 0) return "";
  if (gates === 0) return "exact";
  return element("span", { class: gates <= 1 ? null : "no" }, gates === Infinity ? "not finite" : shortNumber(gates));
}

function secondsOf(row) {
  return [cases.seconds_fill(row), cases.seconds_run(row), cases.seconds_judge(row)].reduce(
    (sum, part) => sum + (typeof part === "number" ? part : 0),
    0,
  );
}

const caseRank = Array.from({ length: cases.count }, (_, row) => outcomeRank[cases.outcome(row)]);
const caseGates = Array.from({ length: cases.count }, (_, row) => gatesOf(row));

function caseOrder(left, right) {
  const broken = isBrokenRank(caseRank[left]) && isBrokenRank(caseRank[right]);
  if (!broken && caseRank[left] !== caseRank[right]) return caseRank[left] - caseRank[right];
  // Infinity minus Infinity is no number, hence the comparison.
  if (caseGates[left] !== caseGates[right]) return caseGates[left] > caseGates[right] ? -1 : 1;
  return caseRank[left] - caseRank[right] || left - right;
}
const isBrokenRank = (rank) => rank <= outcomeRank.blind;
