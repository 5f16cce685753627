// The page that checks an export: it asks the worker, and says in words what was found.
import { byId, copyOf, fill, part, visible } from "./page.js";

const SHOWN = 200; // rows of a table
const { language, ...words } = JSON.parse(byId("check").dataset.words);
const write = new Intl.NumberFormat(language).format;
const share = new Intl.NumberFormat(language, { style: "percent" }).format;

let worker = begun(); // At once, so that it is there when the internet is switched off.
let turn = 0;

function begun() {
  const made = new Worker(new URL("verifier.js", import.meta.url), { type: "module" });
  made.onmessage = ({ data }) => {
    if (data.isReady) byId("ready").hidden = false;
    if (data.id !== turn) return;
    if (data.answer) show(data.answer);
    else progress(data.part, data.events);
  };
  made.onerror = () => {
    rest();
    say("unreadable", words.old);
  };
  return made;
}

byId("check").addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const [file] = byId("file").files;
  if (!file) {
    say("unreadable", words.noFile);
    return byId("file").focus();
  }
  turn += 1;
  byId("found").hidden = true;
  byId("verdict").replaceChildren();
  byId("begin").disabled = true;
  byId("stop").hidden = false;
  byId("progress").hidden = false;
  progress(0, 0);
  worker.postMessage({ id: turn, file, paper: byId("paper").value, key: byId("key").value });
});

byId("stop").addEventListener("click", () => {
  worker.terminate();
  worker = begun();
  rest();
});

byId("paper-file").addEventListener("change", async () => {
  const [file] = byId("paper-file").files;
  if (file) byId("paper").value = await file.text();
});

/**
 * @param {number} done  between 0 and 1
 * @param {number} events
 */
function progress(done, events) {
  const box = byId("progress");
  box.querySelector("progress").value = done;
  part(box, "told").textContent = fill(words.progress, { part: share(done), events: write(events) });
}

function rest() {
  turn += 1;
  byId("begin").disabled = false;
  byId("stop").hidden = true;
  byId("progress").hidden = true;
}

/** @param {import("./verdict.js").Verdict} answer */
function show(answer) {
  rest();
  const { verdict, problem, report } = answer;
  if (problem) say(verdict, visible(fill(words.problems[problem.code], problem.values)));
  if (report) fits(answer, report);
  byId("verdict").focus({ preventScroll: true });
  byId("verdict").scrollIntoView({ block: "nearest" });
}

/**
 * @param {string} verdict
 * @param {string} what
 * @returns {any} the verdict's element
 */
function say(verdict, what) {
  const told = copyOf(`verdict-${verdict}`);
  part(told, "what").textContent = what;
  byId("verdict").replaceChildren(told);
  return told;
}

/**
 * @param {import("./verdict.js").Verdict} answer
 * @param {NonNullable<import("./verdict.js").Verdict["report"]>} report
 */
function fits({ verdict, events, covered, signature }, report) {
  const counts = { events: write(events), stations: write(report.stations.length) };
  const told = say(verdict, fill(words[verdict], counts));
  list(report);
  if (covered === undefined || !signature) return;
  const parts = { covered: write(covered), later: write(events - covered) };
  part(told, "paper").textContent = fill(words.covered, parts);
  const { state, key } = signature;
  const isSure = state === "asked" || state === "good";
  const note = part(told, isSure ? "sure" : "doubt");
  note.querySelector("p").textContent = fill(words.signatures[state], { key: key ?? "" });
  note.hidden = false;
}

/** @param {NonNullable<import("./verdict.js").Verdict["report"]>} report */
function list({ stations, stock, units }) {
  rows("stations", stations.map(({ name, sequence, digest }) => [name, write(sequence), digest]));
  rows("stock", stock.map(([place, item, condition, sum]) => {
    return [place, item, words.conditions[condition] ?? condition, write(BigInt(sum))];
  }));
  rows("units", units.map(([manifest, task, item, counted, expected]) => {
    const sums = [counted, expected].map((sum) => write(BigInt(sum)));
    return [manifest, words.tasks[task] ?? task, item, ...sums];
  }));
  byId("found").hidden = false;
}

/**
 * @param {string} name
 * @param {string[][]} values
 */
function rows(name, values) {
  const box = byId("found");
  part(box, name).replaceChildren(...values.slice(0, SHOWN).map((texts) => {
    const row = copyOf(`${name}-row`);
    texts.forEach((text, i) => { row.children[i].textContent = visible(text); });
    return row;
  }));
  const more = part(box, `more-${name}`);
  if (!more) return;
  more.hidden = values.length <= SHOWN;
  more.textContent = fill(words.more, { n: write(values.length - SHOWN) });
}
