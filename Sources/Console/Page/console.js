"use strict";
// Texts of the API reach the page only as textContent and as attributes, never as HTML.
const byID = id => document.getElementById(id);
const node = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter(child => child !== undefined && child !== null));
  return made;
};
const svgNode = (name, attributes = {}, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
};
const two = number => String(number).padStart(2, "0");
const clock = (seconds, withSeconds = true) => {
  const date = new Date(seconds * 1000), time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return withSeconds ? `${time}:${two(date.getSeconds())}` : time;
};
const date = seconds => { const day = new Date(seconds * 1000); return `${two(day.getMonth() + 1)}-${two(day.getDate())}`; };
const secondsOf = text => Date.parse(text) / 1000;
const short = value => value === null || value === undefined ? "no value"
  : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));

// ---- What the operator says
const rowHeight = 44;
const causes = {
  MinReplicas: "minReplicas asks for more.", MaxReplicas: "maxReplicas allows no more. Raise it if the load is real.",
  Schedule: "A schedule sets a bound or a target now.", Forecast: "A forecast asks for more than the present load.",
  BudgetCap: "The budget (maxCostPerHour) allows no more.",
  Budget: "A ScalingBudget, which several scalers share, allows no more.", UsefulReplicas: "The source has no work for more replicas.",
  ErrorBudget: "The error budget is spent too fast or unknown: replicas are added, or none are removed.",
  Tolerance: "The value is close enough to the target.", NotReady: "Too few replicas are ready, or their number is unknown.",
  ScaleUpStabilized: "The window before a scale-up has seen a lower recommendation.",
  ScaleDownStabilized: "The window before a scale-down has seen a higher recommendation.",
  Cooldown: "The time after the last scaling event has not passed yet.",
  ScaleUpRate: "maxScaleUpRate allows no larger step.", ScaleDownRate: "maxScaleDownRate allows no larger step.",
  PartialMetrics: "A metric is missing, so nothing is removed.", AssumedValue: "A value is assumed, so nothing is removed.",
  NoData: "No metric has a value, so the replicas are held.", Fallback: "The metrics failed for long, so the fallback applies.",
  BoundsJump: "The replicas were outside of minReplicas and maxReplicas.", Activation: "The activation value decides between 0 and more.",
  ToZero: "All metrics are idle.", StuckAtZero: "At 0 replicas no metric has a value: nothing can bring the first replica.",
  Paused: "The scaler, or the operator, is paused.", DryRun: "mode is DryRun: nothing is patched.",
  SwitchedOff: "The target was set to 0 replicas manually.", DuplicateTarget: "Another GeneralScaler scales this target.",
  ReplicasConflict: "Another client also sets the replicas.",
};
const alarming = new Set(["NoData", "Fallback", "PartialMetrics", "StuckAtZero", "SwitchedOff", "DuplicateTarget", "ReplicasConflict"]);
const bounded = new Set(["MaxReplicas", "BudgetCap", "Budget", "ErrorBudget", "NotReady"]);
const harmless = new Set(["Tolerance", "Activation", "Schedule", "Forecast", "BoundsJump", "ToZero"]);
// 0 needs attention, 1 has met a bound, 2 is limited, 3 is as recommended.
const level = row => {
  if (row.ready === "False" || row.limitedBy.some(cause => alarming.has(cause))) return 0;
  if (row.limitedBy.some(cause => bounded.has(cause))) return 1;
  return row.limitedBy.some(cause => !harmless.has(cause)) ? 2 : 3;
};
const levels = ["bad", "warn", "calm", "good"];
const stateOf = row => row.ready === "False" ? row.state : row.mode === "Active" ? "Active" : row.mode ?? row.state;
const keyOf = row => `${row.namespace}/${row.name}`;

// ---- State of the page
const scalers = new Map();
let shown = [], sortBy = "attention", isDescending = false, chosen = "", focused = 0;
let isWhatIf = false, since = "", number = 0, decisionNumber = 0, events = null, detail = null, period = 3600, retry = 0;

const sorts = {
  attention: (a, b) => a.level - b.level || compare(a, b),
  name: (a, b) => compare(a, b),
  metric: (a, b) => (b.ratio ?? -1) - (a.ratio ?? -1) || compare(a, b),
  replicas: (a, b) => (b.current ?? -1) - (a.current ?? -1) || compare(a, b),
  limit: (a, b) => (a.limit ? 0 : 1) - (b.limit ? 0 : 1) || (a.limit ?? "") .localeCompare(b.limit ?? "") || compare(a, b),
};
const compare = (a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
const columns = [["name", "Name", ""], ["attention", "State", "middle"], ["metric", "Metric", "wide"], ["replicas", "Replicas", ""],
  ["limit", "Limited by", ""], ["", "Reason", "wide"]];

const filters = {
  "": () => true, attention: row => row.level === 0, limited: row => row.level < 3, moving: row => row.current !== row.desired,
  budget: row => row.budget !== undefined || row.budgets?.length > 0, dry: row => row.mode !== "Active" && row.mode !== undefined,
};
const take = row => {
  row.key = keyOf(row);
  row.level = level(row);
  row.text = `${row.key} ${row.target ?? ""} ${row.reason} ${row.limitedBy.join(" ")}`.toLowerCase();
  scalers.set(row.key, row);
};
const choose = () => {
  const words = byID("search").value.toLowerCase().split(/\s+/).filter(word => word);
  const namespace = byID("namespace").value, filter = filters[byID("state").value], limit = byID("limit").value, budget = byID("budget").value;
  shown = [];
  for (const row of scalers.values()) {
    if (namespace && row.namespace !== namespace || limit && !row.limitedBy.includes(limit) || budget && !row.budgets?.includes(budget) || !filter(row)) continue;
    if (words.every(word => row.text.includes(word))) shown.push(row);
  }
  shown.sort(isDescending ? (a, b) => -sorts[sortBy](a, b) : sorts[sortBy]);
  focused = Math.max(0, Math.min(focused, shown.length - 1));
  const counts = [0, 0, 0, 0];
  for (const row of scalers.values()) counts[row.level]++;
  const of = shown.length === scalers.size ? `${scalers.size}` : `${shown.length} of ${scalers.size}`;
  byID("summary").textContent = `${of} scalers; ${counts[0]} need attention, ${counts[1]} have met a bound, ${counts[2]} are limited otherwise.`;
  byID("grid").setAttribute("aria-rowcount", shown.length + 1);
  byID("space").style.height = `${shown.length * rowHeight}px`;
  drawRows();
};
const options = () => {
  const fill = (id, first, values) => {
    const select = byID(id), value = select.value, wanted = ["", ...values];
    if (select.options.length === wanted.length && wanted.every((name, index) => select.options[index].value === name)) return;
    select.replaceChildren(...wanted.map(name => node("option", {value: name}, name || first)));
    select.value = wanted.includes(value) ? value : "";
  };
  fill("namespace", "All namespaces", [...new Set([...scalers.values()].map(row => row.namespace))].sort());
  const budgets = [...new Set([...scalers.values()].flatMap(row => row.budgets ?? []))].sort();
  fill("budget", "Any budget", budgets);
  byID("budget-filter").hidden = !budgets.length;
  fill("limit", "Any limit", [...new Set([...scalers.values()].flatMap(row => row.limitedBy))].sort());
};

// ---- The list: only the rows that are visible exist.
const pool = new Map();
const drawHeads = () => {
  byID("heads").replaceChildren(...columns.map(([id, title, className], index) => {
    const direction = id === sortBy ? (isDescending ? "descending" : "ascending") : undefined;
    const mark = direction ? (isDescending ? " ▾" : " ▴") : "";
    const head = node("div", {role: "columnheader", class: className, "aria-sort": direction, "aria-colindex": index + 1});
    if (!id) { head.append(title); return head; }
    const button = node("button", {type: "button"}, `${title}${mark}`);
    button.addEventListener("click", () => {
      isDescending = sortBy === id && !isDescending;
      sortBy = id;
      drawHeads();
      choose();
      byID("heads").children[index].firstChild.focus();
    });
    head.append(button);
    return head;
  }));
};
const cells = row => [
  node("div", {role: "gridcell", class: "name"}, row.name, node("span", {class: "namespace"}, `${row.namespace} · ${row.target ?? "no target"}`)),
  node("div", {role: "gridcell", class: "middle"}, node("span", {class: `badge ${levels[row.level]}`}, stateOf(row))),
  node("div", {role: "gridcell", class: "wide"}, row.metric ?? "-"),
  node("div", {role: "gridcell", class: "replicas"}, node("b", {}, String(row.current ?? "-")),
    row.desired === undefined || row.desired === row.current ? "" : ` → ${row.desired}`),
  node("div", {role: "gridcell"}, row.limit ? node("span", {class: levels[row.level]}, row.limit) : "-"),
  node("div", {role: "gridcell", class: "wide", title: row.reason}, row.reason),
];
const drawRows = () => {
  const box = byID("rows"), space = byID("space");
  const from = Math.max(0, Math.floor(box.scrollTop / rowHeight) - 4);
  const to = Math.min(shown.length, Math.ceil((box.scrollTop + box.clientHeight) / rowHeight) + 4);
  const wanted = new Set();
  for (let index = from; index < to; index++) {
    const row = shown[index];
    wanted.add(row.key);
    let line = pool.get(row.key);
    if (!line) {
      line = node("div", {role: "row", class: "row"});
      line.dataset.key = row.key;
      pool.set(row.key, line);
      space.append(line);
    }
    if (line.row !== row) { line.row = row; line.replaceChildren(...cells(row)); }
    line.style.top = `${index * rowHeight}px`;
    line.setAttribute("aria-rowindex", index + 2);
    line.setAttribute("aria-selected", row.key === chosen);
    line.tabIndex = index === focused ? 0 : -1;
    line.index = index;
  }
  for (const [key, line] of pool) {
    if (wanted.has(key) || line === document.activeElement) continue;
    line.remove();
    pool.delete(key);
  }
};
const focusRow = index => {
  if (!shown.length) return;
  focused = Math.max(0, Math.min(shown.length - 1, index));
  const box = byID("rows"), top = focused * rowHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  if (top + rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + rowHeight - box.clientHeight;
  drawRows();
  pool.get(shown[focused].key)?.focus();
};
byID("rows").addEventListener("scroll", drawRows, {passive: true});
byID("rows").addEventListener("click", event => {
  const line = event.target.closest(".row");
  if (line) { focused = line.index; open(line.dataset.key); }
});
byID("rows").addEventListener("keydown", event => {
  const page = Math.max(1, Math.floor(byID("rows").clientHeight / rowHeight) - 1);
  const moves = {ArrowDown: focused + 1, ArrowUp: focused - 1, PageDown: focused + page, PageUp: focused - page, Home: 0, End: shown.length - 1};
  if (event.key in moves) { event.preventDefault(); focusRow(moves[event.key]); }
  if ((event.key === "Enter" || event.key === " ") && shown[focused]) { event.preventDefault(); open(shown[focused].key); }
});
addEventListener("keydown", event => {
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
  if (event.key === "/" && !isTyping) { event.preventDefault(); byID("search").focus(); }
  if (event.key === "Escape" && chosen && !isTyping) { if (isWhatIf) open(chosen); else close(); }
});

// ---- One scaler
const open = (key, view) => { location.hash = `#/${[...key.split("/"), ...(view ? [view] : [])].map(encodeURIComponent).join("/")}`; };
const close = () => { location.hash = ""; };
const follow = () => {
  let parts = [];
  try { parts = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent); } catch { /* not an address of this page */ }
  const before = chosen, key = parts.length > 1 ? parts.slice(0, 2).join("/") : "";
  chosen = key;
  showBudgets(parts.length === 1 && parts[0] === "budgets");
  isWhatIf = Boolean(key) && parts[2] === "what-if";
  leaveWhatIf();
  byID("detail").hidden = !key;
  document.querySelector("main").classList.toggle("open", Boolean(key));
  document.querySelector("main").classList.toggle("editing", isWhatIf);
  drawRows();
  if (!key) { detail = null; if (before) focusRow(Math.max(0, shown.findIndex(row => row.key === before))); return; }
  detail = null;
  if (isWhatIf) { openWhatIf(); return; }
  byID("detail").replaceChildren(node("p", {class: "empty"}, "Loading…"));
  load(true);
};
let loading = false, again = false;
const load = async isNew => {
  if (isWhatIf) return;
  if (loading) { again = true; return; }
  loading = true;
  const key = chosen;
  try {
    const answer = await fetch(`v1/scalers/${key.split("/").map(encodeURIComponent).join("/")}`);
    const json = await answer.json();
    if (key !== chosen || isWhatIf) return;
    if (!answer.ok) {
      byID("detail").replaceChildren(backButton(), node("p", {class: "empty"}, `${key}: ${json.error}`));
      return;
    }
    detail = json;
    drawDetail();
    if (isNew) byID("detail").focus({preventScroll: true});
  } catch {
    // The connection's state is shown at the top.
  } finally {
    loading = false;
    // A burst of polls is drawn once.
    if (again || key !== chosen) { again = false; if (chosen) setTimeout(() => load(key !== chosen), key === chosen ? 500 : 0); }
  }
};
const backButton = () => {
  const button = node("button", {type: "button"}, "Close (Esc)");
  button.addEventListener("click", close);
  return button;
};
const whatIfButton = () => {
  const button = node("button", {type: "button", id: "what-if"}, "What if…");
  button.addEventListener("click", () => open(chosen, "what-if"));
  return button;
};
const drawDetail = () => {
  const {scaler: row, status} = detail, box = byID("detail"), held = document.activeElement?.id;
  row.level = level(row);
  const fact = (name, value) => node("div", {}, node("dt", {}, name), node("dd", {}, value));
  const facts = node("dl", {class: "numbers"},
    fact("Current", String(row.current ?? "-")), fact("Ready", row.readyReplicas === undefined ? "unknown" : String(row.readyReplicas)),
    fact("Recommended", String(row.recommended ?? "-")), fact("Desired", String(row.desired ?? "-")),
    fact("Bounds", row.maxReplicas === undefined ? "-" : `${row.minReplicas} to ${row.maxReplicas}`));
  if (row.budget) facts.append(fact("Cost an hour", `${short(row.budget.costPerHour)} of ${short(row.budget.maxCostPerHour)}`));
  const parts = [
    node("div", {class: "top"}, node("h2", {}, row.key ?? keyOf(row)), node("span", {class: `badge ${levels[row.level]}`}, stateOf(row)), whatIfButton(), backButton()),
    node("p", {class: "soft"}, `${row.target ?? "no target"}${row.time ? `; decided at ${clock(secondsOf(row.time))}` : ""}`),
    node("p", {class: "sentence"}, row.reason || "No decision has been made yet."), facts,
  ];
  const section = (title, content) => parts.push(node("h3", {}, title), content);
  const problems = (status.conditions ?? []).filter(condition =>
    condition.message !== row.reason && (condition.status === "False" && ["Ready", "AbleToScale", "PluginsHealthy", "ReplicasReady", "WithinBudget"].includes(condition.type)
      || condition.status === "True" && ["Fallback", "ReplicasConflict"].includes(condition.type)));
  if (problems.length) section("Problems", node("ul", {}, ...problems.map(one => node("li", {class: "bad"}, `${one.type}: ${one.message}`))));
  if (row.limitedBy.length) {
    section("What had an effect", node("dl", {class: "causes"}, ...row.limitedBy.flatMap(cause =>
      [node("dt", {}, cause), node("dd", {}, causes[cause] ?? "")])));
  }
  if (status.forecast) section("Forecast", node("p", {class: "soft"}, `${status.forecast.active ? "Active" : "Not active"}: ${status.forecast.reason}.`));
  if (detail.next.length) section("Next scaling event", node("ul", {}, ...detail.next.map(line => node("li", {}, line))));
  section("History", node("div", {id: "charts"}));
  section("Decisions", decisionList());
  const scroll = box.scrollTop;
  box.replaceChildren(...parts);
  drawCharts();
  box.scrollTop = scroll;
  if (held) byID(held)?.focus({preventScroll: true});
};
const decisionList = () => {
  const list = detail.decisions.slice(-200).reverse();
  if (!list.length) return node("p", {class: "soft"}, `None since ${clock(secondsOf(detail.since))}, when this leader began.`);
  return node("ol", {class: "decisions"}, ...list.map(one => node("li", {},
    node("time", {datetime: one.time}, clock(secondsOf(one.time))),
    node("span", {}, one.current === undefined ? "held" : one.current === one.desired ? String(one.current) : `${one.current} → ${one.desired}`),
    node("p", {}, one.reason))));
};

// ---- Charts
const pad = {left: 54, right: 12, top: 10, bottom: 24};
const drawCharts = () => {
  const box = byID("charts"), end = secondsOf(detail.time), interval = detail.scaler.intervalSeconds ?? 15;
  const first = Math.min(...detail.metrics.map(metric => metric.readings[0]?.[0] ?? end), end - 60);
  const from = period ? Math.max(first, end - period) : first;
  const ranges = node("div", {class: "ranges", role: "group", "aria-label": "Period"});
  for (const [name, seconds] of [["15 min", 900], ["1 h", 3600], ["6 h", 21600], ["All", 0]]) {
    const button = node("button", {type: "button", id: `period${seconds}`, "aria-pressed": String(period === seconds)}, name);
    button.addEventListener("click", () => { period = seconds; drawCharts(); byID(`period${seconds}`).focus(); });
    ranges.append(button);
  }
  const readout = node("p", {class: "readout", id: "readout", "aria-live": "polite"});
  const note = node("p", {class: "soft"}, `Kept since ${clock(secondsOf(detail.since))}, a value per poll; older ones every ${detail.metrics[0]?.coarseSeconds / 60 || 5} minutes.`);
  box.replaceChildren(ranges, readout, note);
  const reasons = detail.decisions.map(one => [secondsOf(one.time), one.reason]);
  const view = {from, end, charts: [], readout, prefix: "chart", decided: time => reasons[lastAt(reasons, time)]?.[1]};
  for (const metric of detail.metrics) {
    const own = (detail.status.metrics ?? []).find(one => one.name === metric.name);
    const isEach = own?.targetType === "AverageValue";
    const target = own?.target === undefined ? null : at => isEach ? own.target * Math.max(1, at[2]) : own.target;
    const title = `${metric.name} against its target${isEach ? ` (${short(own.target)} each)` : ""}`;
    addChart(box, view, title, "line: value, dashed: target, grey: no value", metric.readings, interval, metric.coarseSeconds,
      [["value", at => at[1]], ...(target ? [["target", target]] : [])],
      at => `${metric.name} ${short(at[1])}${target ? `, target ${short(target(at))}` : ""}`);
  }
  const readings = detail.metrics[0]?.readings ?? [];
  const wanted = detail.decisions.filter(one => one.desired !== undefined).map(one => [secondsOf(one.time), one.desired]);
  const desired = at => wanted[lastAt(wanted, at[0] + 1)]?.[1] ?? at[2];
  addChart(box, view, "Replicas", "line: current, dotted: recommended, thin: desired", readings, interval, detail.metrics[0]?.coarseSeconds ?? 300,
    [["recommended", at => at[3]], ["desired", desired], ["current", at => at[2]]],
    at => `${at[2]} replicas, ${at[3]} recommended, ${desired(at)} desired`, true);
};
const lastAt = (list, time) => {
  let low = 0, high = list.length;
  while (low < high) { const middle = (low + high) >> 1; if (list[middle][0] <= time) low = middle + 1; else high = middle; }
  return low - 1;
};
const addChart = (box, view, title, hint, readings, interval, coarse, lines, describe, isStepped = false) => {
  const svg = svgNode("svg", {role: "img", tabindex: 0, id: `${view.prefix}${view.charts.length}`, "aria-label": `${title}. Use the arrow keys to read values.`});
  box.insertBefore(node("figure", {}, node("figcaption", {}, title, node("span", {}, hint)), svg), view.readout);
  const start = Math.max(0, lastAt(readings, view.from)), points = readings.slice(start);
  const width = svg.clientWidth || 300, height = svg.clientHeight || 190, right = width - pad.right, bottom = height - pad.bottom;
  let top = 0;
  for (const at of points) for (const [, of] of lines) top = Math.max(top, of(at) ?? 0);
  top = (top || 1) * 1.08;
  const x = time => pad.left + (time - view.from) / (view.end - view.from) * (right - pad.left);
  const y = value => bottom - value / top * (bottom - pad.top);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const rough = top / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(isStepped ? 1 : 0, (isStepped ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10]).map(factor => factor * power).find(value => value >= rough));
  for (let value = 0; value <= top; value += step) {
    svg.append(svgNode("line", {class: "gridline", x1: pad.left, x2: right, y1: y(value), y2: y(value)}),
      svgNode("text", {x: pad.left - 8, y: y(value) + 4, "text-anchor": "end"}, short(value)));
  }
  const timeStep = [60, 300, 600, 900, 1800, 3600, 10800, 21600, 43200, 86400].find(one => (view.end - view.from) / one <= width / 80) ?? 172800;
  for (let time = Math.ceil(view.from / timeStep) * timeStep; time <= view.end; time += timeStep) {
    if (x(time) > right - 18) continue;
    svg.append(svgNode("text", {x: x(time), y: height - 7, "text-anchor": "middle"}, timeStep >= 86400 || view.end - view.from > 86400 && clock(time, false) === "00:00" ? date(time) : clock(time, false)));
  }
  svg.append(svgNode("line", {class: "axis", x1: pad.left, x2: right, y1: bottom, y2: bottom}));
  const clip = svgNode("clipPath", {id: `${view.prefix}-clip${view.charts.length}`});
  clip.append(svgNode("rect", {x: pad.left, y: 0, width: right - pad.left, height: bottom + 1}));
  const plot = svgNode("g", {"clip-path": `url(#${view.prefix}-clip${view.charts.length})`});
  svg.append(clip, plot);
  // A reading holds until the next one. After a pause that is longer than the kept steps it is unknown.
  const until = index => Math.min(points[index + 1]?.[0] ?? view.end, points[index][0] + Math.max(3 * interval, index + 1 < points.length && points[index + 1][0] - points[index][0] <= coarse * 1.5 ? coarse * 1.5 : 0));
  let gaps = "", path = lines.map(() => "");
  points.forEach((at, index) => {
    const end = until(index), from = x(at[0]).toFixed(1), to = x(end).toFixed(1);
    const isNext = index + 1 < points.length && points[index + 1][0] <= end;
    if (at[1] === null) gaps += `M${from} ${pad.top}H${to}V${bottom}H${from}Z`;
    if (!isNext && end < view.end) gaps += `M${to} ${pad.top}H${x(points[index + 1]?.[0] ?? view.end).toFixed(1)}V${bottom}H${to}Z`;
    lines.forEach(([, of], line) => {
      const value = of(at), before = index ? of(points[index - 1]) : null;
      if (value === null) return;
      const isJoined = index > 0 && before !== null && until(index - 1) >= at[0];
      path[line] += `${isJoined ? (isStepped || lines[line][0] === "target" ? `H${from}V` : `L${from} `) : `M${from} `}${y(value).toFixed(1)}`;
      if (!isNext || index + 1 === points.length || of(points[index + 1]) === null) path[line] += `H${to}`;
    });
  });
  plot.append(svgNode("path", {class: "gap", d: gaps}), ...lines.map(([name], line) => svgNode("path", {class: name, d: path[line]})));
  const chart = {svg, x, points, describe, bottom, index: points.length - 1};
  view.charts.push(chart);
  const show = time => point(view, time);
  const at = event => view.from + (event.clientX - svg.getBoundingClientRect().left - pad.left) / (right - pad.left) * (view.end - view.from);
  svg.addEventListener("pointermove", event => show(at(event)));
  svg.addEventListener("click", event => show(at(event)));
  svg.addEventListener("pointerleave", () => show(null));
  svg.addEventListener("keydown", event => {
    const moves = {ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity};
    if (!(event.key in moves) || !points.length) return;
    event.preventDefault();
    chart.index = Math.max(0, Math.min(points.length - 1, chart.index + moves[event.key]));
    show(points[chart.index][0]);
  });
};
const point = (view, time) => {
  for (const chart of view.charts) chart.svg.querySelector(".cross")?.remove();
  if (time === null) { view.readout.textContent = ""; return; }
  const texts = [], inside = Math.min(view.end, Math.max(view.from, time));
  for (const chart of view.charts) {
    const at = chart.points[Math.max(0, lastAt(chart.points, inside))];
    chart.svg.append(svgNode("line", {class: "cross", x1: chart.x(inside), x2: chart.x(inside), y1: 0, y2: chart.bottom}));
    if (at) texts.push(chart.describe(at));
  }
  const decided = view.decided?.(inside);
  view.readout.textContent = `${clock(inside)}: ${texts.join("; ")}.${decided ? ` ${decided}` : ""}`;
};

// ---- The connection
const say = (text, isLost = false) => {
  byID("connection").textContent = text;
  byID("connection").classList.toggle("lost", isLost);
};
const connect = async () => {
  try {
    const answer = await fetch("v1/scalers"), json = await answer.json();
    if (!answer.ok) throw new Error(json.error);
    scalers.clear();
    json.scalers.forEach(take);
    ({since, number, decisionNumber} = json);
    retry = 0;
    say(`live: ${json.operator} leads since ${clock(secondsOf(since))}. All namespaces of the operator are shown.`);
    options();
    choose();
    listen();
    if (chosen) load(false);
  } catch (error) {
    say(`not connected: ${error.message}`, true);
    setTimeout(connect, Math.min(15000, 1000 * 2 ** retry++));
  }
};
let pending = false;
const listen = () => {
  events?.close();
  events = new EventSource(`v1/events?after=${number}&decisions=${decisionNumber}`);
  events.onmessage = message => {
    const json = JSON.parse(message.data);
    // Another term of leadership, or a scaler that was deleted.
    if (json.since !== since) return restart();
    number = json.number;
    json.scalers.forEach(take);
    for (const decision of json.decisions) decisionNumber = Math.max(decisionNumber, decision.number);
    if (json.count !== scalers.size) return restart();
    if (json.scalers.some(row => row.key === chosen)) load(false);
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; options(); choose(); });
  };
  events.onerror = () => { say("not connected: the event stream ended; connecting again", true); restart(); };
};
const restart = () => { events?.close(); events = null; setTimeout(connect, 500); };

for (const id of ["search", "namespace", "state", "limit", "budget"]) byID(id).addEventListener("input", () => { focused = 0; byID("rows").scrollTop = 0; choose(); });
byID("tools").addEventListener("submit", event => event.preventDefault());
addEventListener("hashchange", follow);
addEventListener("resize", () => { drawRows(); if (detail) drawCharts(); if (answered) drawOutcome(); });
drawHeads();
follow();
connect();
