// The table of hits: sorts, filters, opens the pages of genes and downloads. Follows gene.js.
const root = document.getElementById("hits-table");
const n = rows.gene.length;
const state = { order: [...Array(n).keys()], key: "rank", up: true, at: 0, size: 15, open: new Set(), search: "",
                verdict: "all", printed: false };

// ---- cells of a row
const largest = data.effects.reduce((most, effect) => Math.max(most, Math.abs(effect)), 1e-9);

function bars(i) {
  const width = nDays * 16;
  const picture = draw("svg", { class: "days", role: "img", width, height: 32 });
  const told = days.map((day, d) => `${day}: ${signed(data.effects[i * nDays + d])}`).join("; ");
  picture.append(draw("title", {}, told));
  for (let d = 0; d < nDays; d++) {
    const effect = data.effects[i * nDays + d] || 0;
    const height = Math.max(Math.abs(effect) / largest * 15, 0.75);
    const kind = data.called[i * nDays + d] ? (effect > 0 ? "up" : "down") : "none";
    picture.append(draw("rect", { class: kind, x: d * 16 + 2, y: effect > 0 ? 16 - height : 16, width: 12, height }));
  }
  picture.append(draw("line", { x1: 0, x2: width, y1: 16, y2: 16 }));
  return picture;
}

function cellOf(column, i) {
  const value = column.key === "bars" ? null : rows[column.key][i];
  if (column.kind === "bars") return bars(i);
  if (column.kind === "verdict") return verdictOf(i) ? `${signOf(i)} ${verdictOf(i)}` : "";
  if (value === null) return "";
  if (column.kind === "rate") return rate(value);
  if (column.kind === "share") return `${value} of ${rows[column.of][i]}`;
  if (column.kind === "number") return column.digits ? signed(value, column.digits) : whole(value);
  if (column.kind === "interval") {
    const range = `${signed(rows[column.low][i], column.digits)} to ${signed(rows[column.high][i], column.digits)}`;
    return make("span", {}, make("b", {}, signed(value, column.digits)), make("small", {}, ` ${range}`));
  }
  return value;
}

// ---- order and filters
const sortValue = {
  rank: i => i,
  verdict: i => verdictOf(i) === "" ? 9 : verdictOf(i) === "robust" ? 0 : signOf(i) === "\u25d0" ? 1 : 2,
};
function valuesBy(key) {
  const column = columns.find(one => one.key === key);
  if (sortValue[key]) return [...Array(n).keys()].map(sortValue[key]);
  if (column.kind === "share") { // none of none is as missing as what is not known
    return rows[key].map((k, i) => k === null || !rows[column.of][i] ? null : k / rows[column.of][i]);
  }
  return rows[key];
}
function sortBy(key) {
  if (state.key !== key) state.up = true;
  else if (state.up) state.up = false;
  else [key, state.up] = ["rank", true];
  state.key = key;
  const values = valuesBy(key);
  const compare = typeof values.find(value => value !== null) === "string"
    ? new Intl.Collator("en", { numeric: true }).compare : (a, b) => a - b;
  const turn = state.up ? 1 : -1;
  const missing = value => value === null || value === "" || Number.isNaN(value);
  state.order = [...Array(n).keys()].sort((i, j) => {
    const [a, b] = [values[i], values[j]];
    if (missing(a) || missing(b)) return missing(a) - missing(b) || i - j;
    return turn * compare(a, b) || i - j;
  });
  state.at = 0;
  show();
}
const matches = {
  all: () => true, called: i => verdictOf(i) !== "", robust: i => verdictOf(i) === "robust",
  weak: i => verdictOf(i) !== "" && verdictOf(i) !== "robust",
};
const left = () => state.order.filter(i =>
  matches[state.verdict](i) && rows.gene[i].toLowerCase().includes(state.search));

// ---- the table
function toggle(i) {
  if (!state.open.delete(i)) state.open.add(i);
  show();
}

function rowOf(i) {
  const isOpen = state.open.has(i);
  const cells = columns.map(column => {
    const cell = cellOf(column, i);
    if (column.key !== "gene") return make("td", { class: column.kind }, cell);
    const mark = isOpen ? "\u25be" : "\u25b8";
    const button = make("button", { "aria-expanded": isOpen, type: "button" }, `${mark} ${cell}`);
    button.addEventListener("click", () => toggle(i));
    return make("th", { scope: "row" }, button);
  });
  const row = make("tr", { id: `gene-${i + 1}` }, make("td", { class: "rank" }, whole(i + 1)), cells);
  if (!isOpen) return [row];
  const page = make("div", { class: "gene-page" }, pageOf(i));
  return [row, make("tr", { class: "page" }, make("td", { colspan: columns.length + 1 }, page))];
}

function headOf(key, name, title) {
  const sorted = state.key === key ? (state.up ? "ascending" : "descending") : "none";
  const mark = { ascending: " \u2191", descending: " \u2193", none: "" }[sorted];
  if (key === "bars" || state.printed) return make("th", { scope: "col", title }, name);
  const button = make("button", { type: "button", title }, name + mark);
  button.addEventListener("click", () => sortBy(key));
  return make("th", { scope: "col", "aria-sort": sorted }, button);
}

const head = make("thead");
const body = make("tbody");
const info = make("span", { class: "info", "aria-live": "polite" });
const before = make("button", { class: "button", type: "button" }, "Previous");
const after = make("button", { class: "button", type: "button" }, "Next");
before.addEventListener("click", () => { state.at -= state.size; show(); });
after.addEventListener("click", () => { state.at += state.size; show(); });

function show() {
  const shown = left();
  state.at = Math.max(0, Math.min(state.at, shown.length - 1));
  state.at -= state.at % state.size;
  const to = Math.min(state.at + state.size, shown.length);
  const focused = document.activeElement?.textContent?.replace(/[\u25b8\u25be\u2191\u2193]/g, "").trim();
  head.replaceChildren(make("tr", {}, headOf("rank", "Rank", "Order of the ranking: hits first, by lfsr"),
    columns.map(column => headOf(column.key, column.name, column.title))));
  body.replaceChildren(...shown.slice(state.at, to).flatMap(rowOf));
  info.textContent = shown.length === 0 ? `none of ${whole(n)} genes`
    : `${whole(state.at + 1)}\u2013${whole(to)} of ${whole(shown.length)} genes`;
  before.disabled = state.at === 0;
  after.disabled = to >= shown.length;
  if (!focused || document.activeElement !== document.body) return;
  [...root.querySelectorAll("table button")]
    .find(button => button.textContent.replace(/[\u25b8\u25be\u2191\u2193]/g, "").trim() === focused)
    ?.focus({ preventScroll: true });
}

function controls() {
  const search = make("input", { type: "search", "aria-label": "Search genes", placeholder: "Search genes" });
  search.addEventListener("input", () => { state.search = search.value.toLowerCase(); state.at = 0; show(); });
  const choice = make("select", { "aria-label": "Which genes" },
    make("option", { value: "all" }, "All genes"), make("option", { value: "called" }, "Called"),
    make("option", { value: "robust" }, "Robust only"), make("option", { value: "weak" }, "Called, not robust"));
  choice.addEventListener("change", () => { state.verdict = choice.value; state.at = 0; show(); });
  const size = make("select", { "aria-label": "Rows" },
    [15, 50, 200].map(k => make("option", { value: k }, `${k} rows`)));
  size.addEventListener("change", () => { state.size = Number(size.value); show(); });
  return make("div", { class: "controls" }, search, choice, size);
}

// ---- links to genes, print, download
function showAll() {
  Object.assign(state, { search: "", verdict: "all" });
  root.querySelector("input[type=search]").value = "";
  root.querySelector("select").value = "all";
}
function follow(hash) {
  const rank = /^#gene-(\d+)$/.exec(hash);
  if (!rank || rank[1] < 1 || rank[1] > n) return;
  const i = rank[1] - 1;
  state.open.add(i);
  if (!left().includes(i)) showAll();
  state.at = left().indexOf(i);
  show();
  document.getElementById(`gene-${i + 1}`).scrollIntoView({ block: "center" });
}

// On paper: all genes called (those that the filter leaves, where one is set), 200 at most; nothing is closed.
let kept = null;
window.addEventListener("beforeprint", () => {
  const closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach(one => { one.open = true; });
  kept = { state: { ...state }, closed };
  const anyCalled = rows.verdict.some((_, i) => verdictOf(i) !== "");
  Object.assign(state, { size: anyCalled ? 200 : 15, at: 0, printed: true });
  if (anyCalled && state.verdict === "all" && state.search === "") state.verdict = "called";
  show();
});
window.addEventListener("afterprint", () => {
  kept.closed.forEach(one => { one.open = false; });
  Object.assign(state, kept.state);
  show();
});

// Records of a CSV: a line break within quotes ends none.
const recordsOf = text => text.match(/(?:"(?:[^"]|"")*"|[^"\n])+(?:\n|$)/g) || [];
const formula = /^'*[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-][^]/; // no name is a formula to a spreadsheet
const field = value => {
  const text = typeof value === "string" && formula.test(value) ? "'" + value : String(value ?? "");
  return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
};
function linesLeft() {
  const link = document.getElementById("download-hits");
  if (link) { // the rows of hits_ranked.csv, which stand in the order of the ranking
    const bytes = Uint8Array.from(atob(link.href.split(",")[1]), letter => letter.charCodeAt(0));
    const records = recordsOf(new TextDecoder().decode(bytes));
    return [records[0], ...left().map(i => records[i + 1])];
  }
  const names = Object.keys(rows);
  const value = (name, i) => name === "verdict" ? verdictOf(i) : rows[name][i];
  return [names.join(",") + "\n", ...left().map(i => names.map(name => field(value(name, i))).join(",") + "\n")];
}
document.getElementById("download-rows").addEventListener("click", () => {
  const link = make("a", { download: "hits_filtered.csv",
    href: URL.createObjectURL(new Blob(linesLeft(), { type: "text/csv" })) });
  link.click();
  URL.revokeObjectURL(link.href);
});

const frame = scroller("Table of hits", make("table", { class: "hits" }, head, body));
root.replaceChildren(controls(), frame, make("div", { class: "pager" }, info, before, after));
const measure = () => root.style.setProperty("--seen", `${frame.clientWidth}px`);
window.addEventListener("resize", measure);
window.addEventListener("hashchange", () => follow(location.hash));
document.addEventListener("click", event => { // a second click on a link changes no address
  const link = event.target.closest("a[href^='#gene-']");
  if (link && link.hash === location.hash) follow(link.hash);
});
show();
measure();
follow(location.hash);
