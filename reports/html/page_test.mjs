// SPDX-License-Identifier: Apache-2.0
// Opens the page in Chromium as a reader would: from a file, with a keyboard.
// usage: node page_test.mjs WRITER FOLDER CHROMIUM; exit status 77 means that playwright-core is not installed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [writer, folder, executablePath] = process.argv.slice(2);
let chromium;
try {
  ({ chromium } = await import("playwright-core"));
} catch {
  console.log("skipped: playwright-core is not installed; run `npm ci` in reports/html");
  process.exit(77);
}
execFileSync(writer, [folder], { stdio: "inherit" });

const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
// Chromium's sandbox refuses to start as root, as which containers usually build.
if (process.getuid() === 0) flags.push("--no-sandbox");
const browser = await chromium.launch({ executablePath, args: flags });

/** A page with everything that it says and asks for. */
async function open(name, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    colorScheme: options.colorScheme || "light",
  });
  const page = await context.newPage();
  const problems = [];
  const requests = [];
  page.on("console", (message) => {
    if (message.type() !== "log") problems.push(message.type() + ": " + message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("dialog", (dialog) => {
    problems.push("a dialog opened");
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) requests.push(request.url());
  });
  await page.goto(pathToFileURL(join(folder, name + ".html")).href + (options.hash || ""));
  page.check = () => {
    assert.deepEqual(problems, []);
    assert.equal(requests.length, 1, "asked for more than itself: " + requests);
  };
  return page;
}

const report = (name) => JSON.parse(readFileSync(join(folder, name + ".json"), "utf8"));
const text = (page, selector) => page.locator(selector).first().innerText();

/** WCAG contrast of what is visible: every text against the nearest ground behind it. */
function lowContrast() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = (colour) => {
    const [r, g, b] = [...rgba(colour)]
      .slice(0, 3)
      .map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgba(colour)[3] > 250) return colour;
    }
    return "white";
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || !node.checkVisibility() || node.closest("script, button:disabled")) continue;
    const style = getComputedStyle(node);
    const front = luminance(node instanceof SVGElement ? style.fill : style.color);
    const back = luminance(ground(node));
    const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (contrast < 4.5)
      found.push(
        node.tagName +
          "." +
          node.getAttribute("class") +
          " " +
          contrast.toFixed(2) +
          ": " +
          node.textContent.slice(0, 40),
      );
  }
  return found;
}

const tests = {
  async "every page opens without an error and without a request, in light and in dark"() {
    for (const name of ["nightly", "failing", "passing", "gpu", "empty", "drawn", "large", "held", "released"]) {
      for (const colorScheme of ["light", "dark"]) {
        const page = await open(name, { colorScheme });
        const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assert.equal(ground, colorScheme === "light" ? "rgb(250, 250, 248)" : "rgb(17, 20, 22)");
        assert.deepEqual(await page.evaluate(lowContrast), [], name + " " + colorScheme);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, name + " scrolls sideways by " + wide);
        page.check();
        await page.context().close();
      }
    }
  },

  async "the check of contrast can fail"() {
    const page = await open("passing");
    await page.evaluate(() => {
      document.querySelector("h2").style.color = "#999";
    });
    const found = await page.evaluate(lowContrast);
    assert.equal(found.length, 1);
    assert.match(found[0], /^H2/);
  },

  async "paints at once"() {
    for (const name of ["failing", "large"]) {
      const page = await open(name);
      const times = await page.evaluate(
        () =>
          new Promise((resolve) =>
            new PerformanceObserver((list) => {
              const paint = list.getEntriesByName("first-contentful-paint")[0];
              if (paint)
                resolve({ paint: paint.startTime, loaded: performance.getEntriesByType("navigation")[0].loadEventEnd });
            }).observe({ type: "paint", buffered: true }),
          ),
      );
      console.log(
        `  ${name}: first paint ${Math.round(times.paint)} ms, ready ${Math.round(times.loaded)} ms, ` +
          `${readFileSync(join(folder, name + ".html")).length} bytes`,
      );
      assert.ok(times.paint < 3000);
      await page.context().close();
    }
  },

  async "ten thousand rows sort and filter in under a second"() {
    const page = await open("large");
    const spent = await page.evaluate(() => {
      const start = performance.now();
      for (const button of document.querySelectorAll("#case-table th button")) button.click();
      const sorted = performance.now();
      document.getElementById("filter-text").value = "layer_norm.*/cuda.*dtype=bfloat16*";
      applyFilters();
      return { sorts: sorted - start, filter: performance.now() - sorted };
    });
    console.log(`  7 sorts of 10 000 rows ${Math.round(spent.sorts)} ms, one filter ${Math.round(spent.filter)} ms`);
    assert.ok(spent.sorts / 7 < 1000 && spent.filter < 1000);
    page.check();
  },

  async "the theme can be chosen and stays"() {
    const page = await open("passing", { colorScheme: "light" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.keyboard.press("t");
    assert.equal(await text(page, "#theme"), "Theme: light");
    await page.keyboard.press("t");
    assert.equal(await ground(), "rgb(17, 20, 22)");
    await page.reload();
    assert.equal(await ground(), "rgb(17, 20, 22)");
  },

  async "a failing row is found by filter and its rerun line copied, by keyboard alone"() {
    const page = await open("failing");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const cases = report("failing").cases;
    const failing = cases.filter((entry) => entry.outcome === "failed");
    assert.ok(failing.length > 1);
    await page.keyboard.press("/");
    await page.keyboard.type("layer_norm.backward/cuda.* float16");
    const wanted = cases.filter(
      (entry) => entry.id.startsWith("layer_norm.backward/cuda.") && entry.id.includes("float16"),
    );
    // A word with a star is a pattern for the whole id; with the second word both must hold.
    await page.waitForFunction(
      (count) => document.getElementById("case-count").textContent.startsWith(count + " of"),
      wanted.length,
    );
    const first = await text(page, "#case-table tbody tr td:first-child");
    assert.equal(first.trim(), "failed", "what is broken comes first");
    for (let presses = 0; presses < 40; ++presses) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => Boolean(document.activeElement.closest("#case-table tbody")))) break;
    }
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#drawer[open]");
    const id = (await text(page, "#drawer-title")).trim();
    const entry = failing.find((candidate) => candidate.id === id);
    assert.ok(entry, "the drawer shows a failing case");
    const map = page.locator("#drawer figure.map");
    assert.equal(await map.locator("svg").first().isVisible(), true);
    // The table leaves out what passed with room, so that its row numbers are not those of the report.
    assert.match(await text(page, "#cases"), /are left out of it/);
    assert.equal(await map.getAttribute("data-case"), id, "the map is that of the open case");
    // The copy button has the focus when the drawer opens.
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#drawer button.copy").textContent === "Copied");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), entry.failure.rerun);
    await page.keyboard.press("j");
    await page.waitForFunction((before) => document.getElementById("drawer-title").textContent !== before, id);
    await page.keyboard.press("Escape");
    await page.waitForSelector("#drawer:not([open])", { state: "attached" });
    assert.ok(
      await page.evaluate(() => Boolean(document.activeElement.closest("#case-table"))),
      "the focus comes back",
    );
    page.check();
  },

  async "copying works where a file has no clipboard"() {
    const page = await open("failing");
    await page.evaluate(() => {
      Object.defineProperty(navigator, "clipboard", { value: undefined });
      document.addEventListener("copy", () => {
        window.copied = document.getSelection().toString() || document.activeElement.value;
      });
    });
    await page.locator(".broken button.copy").first().focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => window.copied);
    const copied = await page.evaluate(() => window.copied);
    assert.match(copied, /^lockstep verify --case /);
    assert.ok(await page.evaluate(() => document.activeElement.matches("button.copy")));
    page.check();
  },

  async "addresses lead to a case and to a filter"() {
    const failing = report("failing").cases.find((entry) => entry.outcome === "failed");
    const page = await open("failing", { hash: "#case=" + encodeURIComponent(failing.id) });
    assert.equal((await text(page, "#drawer-title")).trim(), failing.id);
    assert.match(await text(page, "#drawer"), /seed\s+/);
    assert.ok(
      (await text(page, "#drawer")).includes(String(failing.seed)) || Number(failing.seed) > Number.MAX_SAFE_INTEGER,
    );
    await page.keyboard.press("Escape");
    await page.locator(".hero .counts a", { hasText: "failed" }).click();
    const count = report("failing").cases.filter((entry) => entry.outcome === "failed").length;
    await page.waitForFunction((n) => document.getElementById("case-count").textContent.startsWith(n + " of"), count);
    assert.match(await page.evaluate(() => location.hash), /outcome=failed/);
    page.check();
    const lost = await open("failing", { hash: "#case=no.such/case" });
    assert.match(await text(lost, "#case-count"), /has no case no.such\/case/);
  },

  async "a hostile name runs nothing, wherever it is shown"() {
    const hostile = report("nightly").cases.find((entry) => entry.id.includes("<script>"));
    const page = await open("nightly", { hash: "#case=" + encodeURIComponent(hostile.id) });
    await page.waitForSelector("#drawer[open]");
    await page.keyboard.press("Escape");
    await page.evaluate(() =>
      document.querySelectorAll("details").forEach((details) => {
        details.open = true;
      }),
    );
    await page.locator("#filter-text").fill("<script>");
    await page.waitForTimeout(200);
    assert.equal(await page.evaluate(() => window.hostile_ran), undefined);
    assert.equal(await page.locator("img").count(), 0);
    assert.equal(await page.locator("[onerror], [onfocus]").count(), 0);
    page.check();
    // And what a name cannot do by being inserted, the policy forbids.
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.hostile_ran = 5";
      document.body.append(script);
    });
    assert.equal(await page.evaluate(() => window.hostile_ran), undefined, "the policy keeps foreign script out");
  },

  async "every chart has its table and every section its heading"() {
    const page = await open("failing");
    for (const chart of await page.locator("main svg[role=img]:not(.outcome-bar)").all()) {
      const has = await chart.evaluate((svg) => Boolean(svg.closest("figure").querySelector("table tbody tr")));
      assert.ok(has, await chart.getAttribute("aria-label"));
    }
    // The bars and the forest stand in cells of the table that says the same in numbers.
    const outside = await page.evaluate(
      () => [...document.querySelectorAll("svg.light, svg.forest, svg.stack")].filter((svg) => !svg.closest("td")).length,
    );
    assert.equal(outside, 0);
    const headless = await page.evaluate(
      () => [...document.querySelectorAll("main > section")].filter((s) => !s.querySelector("h1, h2")).length,
    );
    assert.equal(headless, 0);
  },

  async "parallel training is told by bars, lines and lanes, and every rerun line can be copied by keyboard"() {
    const page = await open("passing");
    const training = report("passing").training;
    const passed = training.runs.filter((run) => run.outcome === "passed");
    assert.equal(await page.locator("#parallel table.modes svg.stack").count(), passed.length);
    // What a reader sees of a step is as long as the step: bars compare with each other.
    const widths = await page.evaluate(() =>
      [...document.querySelectorAll("svg.stack")].map((svg) => {
        const ends = [...svg.querySelectorAll("rect")].map((rect) => rect.getBoundingClientRect().right);
        return Math.max(...ends) - svg.getBoundingClientRect().left;
      }),
    );
    const steps = passed.map((run) => run.decomposition.step_seconds);
    widths.forEach((width, row) =>
      assert.ok(Math.abs(width / widths[0] - steps[row] / steps[0]) < 0.02, "row " + row + " is " + width + " wide"),
    );
    assert.ok((await page.locator("#parallel svg.timeline .spans rect").count()) > 10);
    assert.ok((await page.locator("#parallel svg.lines .hollow").count()) > 0);
    const bands = await page.evaluate(() =>
      [...document.querySelectorAll("#sync-batch-norm .area")].filter((area) => area.getBBox().height > 0).length,
    );
    assert.ok(bands > 0);
    const links = await page.evaluate(() =>
      [...document.querySelectorAll("nav a")].filter((link) => !document.querySelector(link.hash)).map((a) => a.hash),
    );
    assert.deepEqual(links, []);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const fold = page.locator("#parallel details summary", { hasText: "Each run" });
    await fold.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement.textContent === "Copied");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), training.runs[0].rerun);
    await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
    assert.deepEqual(await page.evaluate(lowContrast), []);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, "with every fold open, by " + wide);
    }
    page.check();
  },

  async "a narrow screen does not scroll sideways"() {
    const page = await open("failing");
    await page.setViewportSize({ width: 390, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, "by " + wide);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log("ok      " + name);
  } catch (error) {
    ++failed;
    console.log("FAILED  " + name + "\n" + error.stack);
  }
}
await browser.close();
process.exit(failed === 0 ? 0 : 1);
