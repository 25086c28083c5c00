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
// The operator writes times in UTC; the page has those of the browser's zone.
const local = text => text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, time =>
  Math.abs(secondsOf(time) - Date.now() / 1000) > 43200 ? `${date(secondsOf(time))} ${clock(secondsOf(time))}` : clock(secondsOf(time)));
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
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
// 0 needs attention, 1 may need more replicas, 2 is limited, 3 is as recommended.
const level = row => {
  if (row.ready === "False" || row.problems || row.limitedBy.some(cause => alarming.has(cause))) return 0;
  if (row.limitedBy.some(cause => bounded.has(cause))) return 1;
  return row.limitedBy.some(cause => !harmless.has(cause)) ? 2 : 3;
};
const levels = ["bad", "warn", "calm", "good"];
const states = ["Needs attention", "May need more", "Limited", "On target"];
const stateOf = row => {
  if (row.ready === "False") return row.state;
  if (row.mode !== "Active") return row.mode ?? row.state;
  return row.problems?.includes("ReplicasReady") ? "Replicas not ready" : states[row.level];
};
// The list has room for little text. The first clause of a decision repeats the metric; the others say why the replicas are not what it asks for.
const clauseOf = row => {
  if (!/^(Keep|Scale|Would scale) /.test(row.reason)) return local(row.reason);
  let depth = 0;
  for (let index = 0; index < row.reason.length; index++) {
    if (row.reason[index] === "(") depth++;
    if (row.reason[index] === ")") depth--;
    if (depth <= 0 && row.reason.startsWith("; ", index)) return local(row.reason.slice(index + 2));
  }
  return local(row.reason);
};
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
  "": () => true, attention: row => row.level === 0, inactive: row => row.forecast === "Inactive", limited: row => row.level < 3, moving: row => row.current !== row.desired,
  budget: row => row.budget !== undefined || row.budgets?.length > 0, dry: row => row.mode !== "Active" && row.mode !== undefined,
};
const take = row => {
  row.key = keyOf(row);
  row.level = level(row);
  row.text = `${row.key} ${row.target ?? ""} ${row.reason} ${row.limitedBy.join(" ")} ${(row.problems ?? []).join(" ")} ${row.forecast ? `forecast ${row.forecast}` : ""}`.toLowerCase();
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
  byID("summary").textContent = `${of} scalers; needs attention: ${counts[0]}, may need more: ${counts[1]}, limited otherwise: ${counts[2]}.`;
  byID("nothing").hidden = shown.length > 0 || scalers.size === 0;
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
  node("div", {role: "gridcell", class: "wide", title: local(row.reason)}, clauseOf(row)),
];
// Screen readers read the rows in the order of the document.
const order = (space, lines) => {
  const held = document.activeElement;
  lines.forEach((line, index) => { if (space.children[index] !== line) space.insertBefore(line, space.children[index] ?? null); });
  if (held !== document.activeElement) held.focus({preventScroll: true});
};
const drawRows = () => {
  const box = byID("rows"), space = byID("space");
  const from = Math.max(0, Math.floor(box.scrollTop / rowHeight) - 4);
  const to = Math.min(shown.length, Math.ceil((box.scrollTop + box.clientHeight) / rowHeight) + 4);
  const wanted = new Set(), lines = [];
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
    lines.push(line);
  }
  order(space, lines);
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
  for (const name of row.budgets ?? []) facts.append(fact("Budget", node("a", {href: "#/budgets", id: `budget-${name}`}, name)));
  if (row.budget) facts.append(fact("Cost an hour", `${short(row.budget.costPerHour)} of ${short(row.budget.maxCostPerHour)}`));
  const parts = [
    node("div", {class: "top"}, node("h2", {}, row.key ?? keyOf(row)), node("span", {class: `badge ${levels[row.level]}`}, stateOf(row)), whatIfButton(), backButton()),
    node("p", {class: "soft"}, `${row.target ?? "no target"}${row.time ? `; decided at ${clock(secondsOf(row.time))}` : ""}`),
    node("p", {class: "sentence"}, local(row.reason) || "No decision has been made yet."), facts,
  ];
  const section = (title, content) => parts.push(node("h3", {}, title), content);
  const problems = (status.conditions ?? []).filter(condition =>
    condition.message !== row.reason && (condition.status === "False" && ["Ready", "AbleToScale", "PluginsHealthy", "ReplicasReady", "WithinBudget"].includes(condition.type)
      || condition.status === "True" && ["Fallback", "ReplicasConflict"].includes(condition.type)));
  if (problems.length) section("Problems", node("ul", {}, ...problems.map(one => node("li", {class: "bad"}, local(`${one.type}: ${one.message}`)))));
  if (row.limitedBy.length) {
    section("What had an effect", node("dl", {class: "causes"}, ...row.limitedBy.flatMap(cause =>
      [node("dt", {}, cause), node("dd", {}, causes[cause] ?? "")])));
  }
  if (status.forecast) section("Forecast", node("ul", {}, ...forecastLines(status.forecast).map(line => node("li", {}, line))));
  if (detail.next.length) section("Next scaling event", node("ul", {}, ...detail.next.map(line => node("li", {}, local(line)))));
  section("History", node("div", {id: "charts"}));
  section("Decisions", decisionList());
  const scroll = box.scrollTop;
  box.replaceChildren(...parts);
  drawCharts();
  box.scrollTop = scroll;
  if (held) byID(held)?.focus({preventScroll: true});
};
const forecastLines = forecast => forecast.metric === undefined ? ["There was none at the last decision: it needs a reading and a day of history."] : [
  `${forecast.active ? "It may add replicas" : "It adds no replicas"}: ${forecast.reason}.`,
  `${forecast.metric} is expected to reach ${short(forecast.expected)} to ${short(forecast.upper)} in ${counted(forecast.horizonSeconds, "second")}, which asks for ${counted(forecast.replicas, "replica")}.`,
  ...(typeof forecast.skill === "number" ? [`Its skill is ${short(forecast.skill)}: 0 is as good as the best simple rule, 1 is without error.`] : []),
];
const decisionList = () => {
  const list = detail.decisions.slice(-200).reverse();
  if (!list.length) return node("p", {class: "soft"}, `None since ${clock(secondsOf(detail.since))}, when this leader began.`);
  return node("ol", {class: "decisions"}, ...list.map(one => node("li", {},
    node("time", {datetime: one.time}, clock(secondsOf(one.time))),
    node("span", {}, one.current === undefined ? "held" : one.current === one.desired ? String(one.current) : `${one.current} → ${one.desired}`),
    node("p", {}, local(one.reason)))));
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
  // The operator ends a stream after some minutes; a lost connection shows when connecting again fails.
  events.onerror = restart;
};
const restart = () => { events?.close(); events = null; setTimeout(connect, 500); };

for (const id of ["search", "namespace", "state", "limit", "budget"]) byID(id).addEventListener("input", () => { focused = 0; byID("rows").scrollTop = 0; choose(); });
byID("tools").addEventListener("submit", event => event.preventDefault());
addEventListener("hashchange", follow);
addEventListener("resize", () => { drawRows(); if (detail) drawCharts(); if (answered) drawOutcome(); });
drawHeads();
follow();
connect();
