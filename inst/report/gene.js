// The page of a gene, drawn from the JSON of `table_json()` (R/report_table.R), and what it shares with the table.
// No text becomes markup: all of it is set as text.
const data = JSON.parse(document.getElementById("hits-data").textContent);
const { columns, rows, days, pages } = data;
const nDays = days.length;

// ---- elements
const fill = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.flat().filter(child => child !== null && child !== undefined));
  return node;
};
const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const scroller = (label, table) =>
  make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, table);

// ---- numbers
const signed = (x, digits = 2) => {
  if (x === null || x === undefined) return "";
  const text = Math.abs(x).toFixed(digits);
  return (Number(text) === 0 ? "" : x > 0 ? "+" : "\u2212") + text;
};
const rate = x => {
  if (x === null || x === undefined) return "";
  if (x < 1e-12) return "<1e-12";
  return x < 1e-3 ? x.toExponential(1) : String(Number(x.toPrecision(2)));
};
const whole = x => x === null ? "" : x.toLocaleString("en");
const verdictOf = i => data.verdicts[rows.verdict[i]];
const signOf = i => data.sign[rows.verdict[i]];

// ---- the page of a gene
const flat = (values, g, inner = 1, k = 0) =>
  days.map((_, d) => values[(g * inner + k) * nDays + d] ?? null);
const table = (label, heads, lines) => scroller(label, make("table", {},
  make("caption", {}, label),
  make("thead", {}, make("tr", {}, heads.map(head => make("th", { scope: "col" }, head)))),
  make("tbody", {}, lines.map(line => make("tr", {}, line.map((cell, k) =>
    k === 0 ? make("th", { scope: "row" }, cell) : make("td", {}, cell)))))));

function numbersOf(g) {
  const guides = pages.guides;
  const from = guides.of.slice(0, g).reduce((sum, k) => sum + k, 0);
  const lines = (part, values, count) => [...Array(count).keys()].map(k => flat(values, g, count, k));
  const { replicates, fates } = pages;
  return {
    estimate: flat(pages.by_day.estimate, g), se: flat(pages.by_day.se, g),
    mean: days.map((_, d) => data.effects[g * nDays + d]), sd: flat(pages.by_day.postsd, g),
    guides: [...Array(guides.of[g]).keys()].map(k => ({
      name: guides.name[from + k], estimate: flat(guides.estimate, from + k),
      cells: guides.cells ? flat(guides.cells, from + k) : null,
    })),
    replicates: replicates ? replicates.name.map((name, k) => ({
      name, estimate: flat(replicates.estimate, g, replicates.name.length, k),
      se: flat(replicates.se, g, replicates.name.length, k),
    })) : [],
    fates: fates ? fates.name.map((name, k) => ({
      name, change: flat(fates.change, g, fates.name.length, k), low: flat(fates.low, g, fates.name.length, k),
      high: flat(fates.high, g, fates.name.length, k),
    })) : [],
  };
}

const ticksOf = (low, high) => {
  const step = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find(size => (high - low) / size <= 5) || 50;
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) ticks.push(k * step);
  return ticks.map(tick => Number(tick.toFixed(2)));
};

// Estimates (diamonds), replicates (triangles), guides (crosses), posterior (circles) by day, on one scale.
function chart(i, own) {
  const [width, height, edge, foot] = [Math.max(330, 90 * nDays + 60), 230, 44, 26];
  const ends = (mean, sd) => mean.flatMap((x, d) => x === null ? [] : [x - 1.645 * sd[d], x + 1.645 * sd[d]]);
  const all = [0, ...ends(own.estimate, own.se), ...ends(own.mean, own.sd),
               ...own.guides.flatMap(guide => guide.estimate), ...own.replicates.flatMap(one => one.estimate)]
    .filter(x => x !== null);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const y = x => 10 + (high - x) / (high - low || 1) * (height - foot - 20);
  const x = d => edge + (d + 0.5) * (width - edge - 8) / nDays;
  const picture = draw("svg", { class: "gene", role: "img", viewBox: `0 0 ${width} ${height}`, width, height });
  picture.append(draw("title", {}, `Effects of ${rows.gene[i]} by day, log odds`));
  for (const tick of ticksOf(low, high)) {
    const kind = tick === 0 ? "zero" : "grid";
    picture.append(draw("line", { class: kind, x1: edge, x2: width - 8, y1: y(tick), y2: y(tick) }));
    picture.append(draw("text", { x: edge - 5, y: y(tick) + 4, "text-anchor": "end" }, signed(tick, 1)));
  }
  const bar = (at, mean, sd, kind) => draw("line",
    { class: kind, x1: at, x2: at, y1: y(mean - 1.645 * sd), y2: y(mean + 1.645 * sd) });
  days.forEach((day, d) => {
    picture.append(draw("text", { x: x(d), y: height - 6, "text-anchor": "middle" }, day));
    const put = (at, value, path, kind = "mark") => value !== null && picture.append(
      draw("path", { class: kind, d: path, transform: `translate(${at.toFixed(1)} ${y(value).toFixed(1)})` }));
    if (own.estimate[d] !== null) {
      picture.append(bar(x(d) - 16, own.estimate[d], own.se[d], "estimate"));
      put(x(d) - 16, own.estimate[d], "M0 -5L5 0L0 5L-5 0Z", "mark open");
    }
    own.replicates.forEach(one => put(x(d) - 7, one.estimate[d], "M0 -4L4 3L-4 3Z", "mark open"));
    own.guides.forEach(one => put(x(d) + 2, one.estimate[d], "M-3 -3L3 3M-3 3L3 -3"));
    picture.append(bar(x(d) + 14, own.mean[d], own.sd[d], "posterior"));
    put(x(d) + 14, own.mean[d], "M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0Z",
        data.called[i * nDays + d] ? "mark full" : "mark open");
  });
  return picture;
}

function pageOf(i) {
  const title = make("p", {}, make("b", {}, rows.gene[i]),
    verdictOf(i) ? ` \u00b7 ${signOf(i)} ${verdictOf(i)}` : " \u00b7 not called");
  if (i >= pages.n) {
    return [title, make("p", {}, "The file has pages of the first " + whole(pages.n) +
      " genes only, to stay small; plot_gene() draws this one.")];
  }
  const own = numbersOf(i);
  const heads = of => [of, ...days];
  const byDay = (name, values, form) => values && values.some(x => x !== null) ? [name, ...values.map(form)] : null;
  const withSpread = (mean, sd) => mean.map((x, d) => x === null ? "" : `${signed(x)} (${sd[d].toFixed(2)})`);
  const part = name => pages.by_day[name] ? flat(pages.by_day[name], i) : null;
  const tables = [
    table("By day", heads("Number"), [
      ["Estimate (SE)", ...withSpread(own.estimate, own.se)], ["Posterior (SD)", ...withSpread(own.mean, own.sd)],
      byDay("lfsr", part("lfsr"), rate),
      byDay("Would be called", part("mde"),
        (x, d) => x !== null ? `from ${x.toFixed(2)}` : own.estimate[d] === null ? "" : "never"),
      byDay("p", part("p"), rate), byDay("p, randomisation", part("p_random"), rate),
    ].filter(line => line)),
    table(`Guides: ${pages.guides.kind}${pages.guides.cells ? " (cells)" : ""}`, heads("Guide"),
      own.guides.map(guide => [guide.name, ...guide.estimate.map((x, d) =>
        signed(x) + (guide.cells && guide.cells[d] !== null ? ` (${whole(guide.cells[d])})` : ""))])),
    own.replicates.length > 0 ? table("Replicates: estimate (SE)", heads("Replicate"),
      own.replicates.map(one => [one.name, ...withSpread(one.estimate, one.se)])) : null,
    own.fates.length > 0 ? table("All fates: percentage points (90 % interval)", heads("Fate"),
      own.fates.map(fate => [fate.name, ...fate.change.map((x, d) =>
        x === null ? "" : `${signed(x, 1)} (${signed(fate.low[d], 1)} to ${signed(fate.high[d], 1)})`)])) : null,
  ];
  const legend = "\u25c7 estimate with its 90 % interval, " + (own.replicates.length > 0 ? "\u25b3 replicates, " : "") +
    "\u00d7 guides, \u25cf posterior (\u25cb where not called); log odds.";
  return [title, pages.course && pages.course[i] ? make("p", {}, pages.course[i]) : null,
    make("div", { class: "gene-parts" }, make("figure", {}, scroller(`Picture of ${rows.gene[i]}`, chart(i, own)),
      make("figcaption", {}, legend)), ...tables)];
}
