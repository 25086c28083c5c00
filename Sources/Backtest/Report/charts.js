"use strict";
const report = "REPORT DATA";
const runs = report.runs;
// The shared budgets of a group; nothing if the runs are compared with each other.
const budgets = report.budgets ?? null;
const pad = {left: 56, right: 14, top: 10, bottom: 24};
const whole = {from: Math.min(...runs.map(run => run.start)), to: Math.max(...runs.map(run => run.start + run.polls * run.interval))};
let view = {...whole};
// The shortest time that is shown, in seconds.
const shortest = Math.min(60, whole.to - whole.from);
// The most members of a group whose charts are drawn.
const maxMembers = 12;
const charts = [];

// ---- Small things
const svgNode = (name, attributes = {}, text) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
};
const node = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};
const color = index => `var(--run${index % 8})`;
const short = value => value === null || value === undefined ? "-"
  : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));
const duration = seconds => {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
  if (days > 1) return hours % 24 ? `${days} d ${hours % 24} h` : `${days} days`;
  if (hours > 0) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const whole = Math.floor(seconds / 60), rest = Math.round(seconds % 60);
  return rest ? `${whole} min ${rest} s` : `${whole} min`;
};
const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = number => String(number).padStart(2, "0");
const day = date => `${days[date.getUTCDay()]} ${date.getUTCDate()} ${months[date.getUTCMonth()]}`;
const clock = (date, withSeconds) =>
  `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}${withSeconds ? ":" + two(date.getUTCSeconds()) : ""}`;
// The last index whose entry is not after the value; -1 if there is none.
const lastAt = (list, value, key) => {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(list[middle]) <= value) low = middle + 1; else high = middle;
  }
  return low - 1;
};
const pollAt = (run, time) => Math.max(0, Math.min(run.polls - 1, Math.floor((time - run.start) / run.interval)));

// ---- Summary
const rows = [
  ["Time out of SLO", s => s.shareOutOfSLO === null ? "unknown" : span(s.secondsOutOfSLO, s.shareOutOfSLO), s => s.secondsOutOfSLO],
  ["Unknown (no data)", s => span(s.secondsUnknown, s.shareUnknown), s => s.secondsUnknown],
  ["Replica-hours", s => s.replicaHours.toFixed(1), s => s.replicaHours],
  ["Cost", s => s.cost === undefined ? "-" : s.cost.toFixed(2), s => s.cost],
  ["Scaling events (up, down)", s => `${s.scalingEvents} (${s.scaleUps}, ${s.scaleDowns})`, s => s.scalingEvents],
  ["Flaps", s => String(s.flaps), s => s.flaps],
  ["Forecast active", s => eachForecast(s, one => percent(one.secondsActive / s.seconds))],
  ["Load within the forecast", s => eachForecast(s, one => one.coverage === null ? "unknown" : percent(one.coverage))],
  ["Replicas, fewest to most", s => `${s.fewestReplicas} to ${s.mostReplicas}`],
  ["Capacity of a replica", s => capacities(s.capacityPerReplica)],
  ["Start-up delay of a replica", (s, run) => duration(run.startupDelay)],
  ["Price of a replica-hour", s => s.pricePerReplicaHour === undefined ? "-" : String(s.pricePerReplicaHour)],
];
const span = (seconds, share) => `${duration(seconds)} (${(100 * share).toFixed(2)}%)`;
const percent = share => `${(100 * share).toFixed(1)}%`;
const eachForecast = (summary, text) => {
  const all = summary.forecasts ?? [];
  return all.map(one => (all.length > 1 ? `${one.metric} ` : "") + text(one)).join(", ") || "-";
};
const capacities = byMetric => {
  const entries = Object.entries(byMetric);
  return entries.length === 1 ? short(entries[0][1]) : entries.map(([name, value]) => `${name} ${short(value)}`).join(", ") || "-";
};
// Per member a row.
const memberColumns = [
  ["Out of SLO", (s, run) => s.shareOutOfSLO === null ? "unknown" : span(s.secondsOutOfSLO, s.shareOutOfSLO)],
  ["Denied", (s, run) => duration(run.secondsDenied)],
  ["Unknown", s => span(s.secondsUnknown, s.shareUnknown)],
  ["Replica-hours", s => s.replicaHours.toFixed(1)],
  ["Cost", s => s.cost === undefined ? "-" : s.cost.toFixed(2)],
  ["Replicas", s => `${s.fewestReplicas} to ${s.mostReplicas}`],
  ["Capacity", s => capacities(s.capacityPerReplica)],
  ["Start-up", (s, run) => duration(run.startupDelay)],
  ["Price", s => s.pricePerReplicaHour === undefined ? "-" : String(s.pricePerReplicaHour)],
];
const fillTable = (table, headings, lines) => {
  table.className = "wide";
  const head = node("tr");
  head.append(...headings.map(text => node("th", text)));
  table.append(node("thead"), node("tbody"));
  table.tHead.append(head);
  for (const [swatch, name, ...cells] of lines) {
    const row = node("tr"), first = node("th");
    if (swatch !== null) first.append(mark(swatch));
    first.append(name);
    first.scope = "row";
    row.append(first, ...cells.map(text => node("td", text)));
    table.tBodies[0].append(row);
  }
};
const mark = index => {
  const swatch = node("i", "", "swatch");
  swatch.style.background = color(index);
  return swatch;
};
const drawMembers = () => {
  const lines = runs.map((run, index) => [index, run.name, ...memberColumns.map(([, text]) => text(run.summary, run))]);
  fillTable(document.getElementById("summary"), ["Scaler", ...memberColumns.map(([name]) => name)], lines);
  const limits = budgets.flatMap(budget => budget.limits.map(limit => [
    null, budget.name + (budget.isReport ? " (report only)" : ""), limitRange(limit), `${short(limit.peakUse)}`,
    short(Math.max(...limit.steps.map(step => step[2]))), duration(limit.secondsAtLimit), duration(limit.secondsOver)]));
  if (!limits.length) return;
  const section = document.getElementById("limits");
  section.hidden = false;
  fillTable(section.firstElementChild, ["Budget", "Limit", "Most in use", "Most wanted", "More wanted for", "More in use for"], limits);
};
const unitOf = limit => limit.unit === "cost" ? "per hour" : limit.unit;
const limitRange = limit => {
  const amounts = limit.steps.map(step => step[1]), [least, most] = [Math.min(...amounts), Math.max(...amounts)];
  return `${least === most ? short(most) : `${short(least)} to ${short(most)}`} ${unitOf(limit)}`;
};
const drawSummary = () => {
  const table = document.getElementById("summary"), head = node("tr");
  head.append(node("th", ""));
  runs.forEach((run, index) => {
    const cell = node("th"), swatch = node("i", "", "swatch");
    swatch.style.background = color(index);
    cell.append(swatch, run.name);
    head.append(cell);
  });
  if (runs.length === 2) head.append(node("th", "Difference"));
  table.append(node("thead"), node("tbody"));
  table.tHead.append(head);
  for (const [label, text, number] of rows) {
    if (label === "Cost" && runs.every(run => run.summary.cost === undefined)) continue;
    if (label.includes("orecast") && runs.every(run => run.summary.forecasts === undefined)) continue;
    const row = node("tr");
    row.append(node("th", label), ...runs.map(run => node("td", text(run.summary, run))));
    if (runs.length === 2) row.append(node("td", number ? difference(...runs.map(run => number(run.summary))) : "", "difference"));
    table.tBodies[0].append(row);
  }
};
const difference = (before, after) => {
  if (before === null || after === null) return "";
  if (before === undefined || after === undefined || before === after) return before === after ? "same" : "";
  if (before === 0) return "";
  const percent = 100 * (after - before) / before;
  return `${percent > 0 ? "+" : "−"}${Math.abs(percent).toFixed(1)}%`;
};

// ---- Scales and axes
const timeSteps = [60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 2592000];
const timeTicks = width => {
  const step = timeSteps.find(step => (view.to - view.from) / step <= width / 90) ?? timeSteps.at(-1);
  const ticks = [];
  for (let time = Math.ceil(view.from / step) * step; time <= view.to; time += step) {
    const date = new Date(time * 1000);
    ticks.push([time, time % 86400 === 0 ? day(date) : clock(date)]);
  }
  return ticks;
};
const valueTicks = (top, isWhole) => {
  const rough = isWhole ? Math.max(1, top / 4) : top / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = (isWhole && power === 1 ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10]).map(factor => factor * power).find(step => step >= rough);
  const ticks = [];
  for (let value = 0; value <= top * 1.0001; value += step) ticks.push(value);
  return ticks;
};
const frame = (chart, top, hasValues, isWhole) => {
  const width = chart.svg.clientWidth, height = chart.height, {svg} = chart;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.height = `${height}px`;
  svg.replaceChildren();
  chart.x = time => pad.left + (time - view.from) / (view.to - view.from) * (width - pad.left - pad.right);
  chart.time = x => view.from + (x - pad.left) / (width - pad.left - pad.right) * (view.to - view.from);
  chart.y = value => height - pad.bottom - Math.min(value, top) / top * (height - pad.bottom - pad.top);
  chart.columns = Math.max(1, Math.round(width - pad.left - pad.right));
  const right = width - pad.right, bottom = height - pad.bottom;
  const clip = svgNode("clipPath", {id: chart.id});
  clip.append(svgNode("rect", {x: pad.left, y: 0, width: right - pad.left, height: bottom + 1}));
  svg.append(clip);
  for (const value of hasValues ? valueTicks(top, isWhole) : []) {
    const y = chart.y(value);
    svg.append(svgNode("line", {class: "grid", x1: pad.left, x2: right, y1: y, y2: y}));
    svg.append(svgNode("text", {x: pad.left - 8, y: y + 4, "text-anchor": "end"}, short(value)));
  }
  for (const [time, label] of timeTicks(width)) {
    const x = chart.x(time);
    svg.append(svgNode("line", {class: "grid", x1: x, x2: x, y1: pad.top, y2: bottom}));
    const anchor = x > width - 40 ? "end" : "middle";
    svg.append(svgNode("text", {x: anchor === "end" ? width - 2 : x, y: height - 7, "text-anchor": anchor}, label));
  }
  svg.append(svgNode("line", {class: "axis", x1: pad.left, x2: right, y1: bottom, y2: bottom}));
  chart.plot = svgNode("g", {"clip-path": `url(#${chart.id})`});
  svg.append(chart.plot);
  return {right, bottom};
};
const level = (chart, className, value, right) => {
  if (value === undefined || value === null) return;
  const y = chart.y(value);
  chart.plot.append(svgNode("line", {class: className, x1: pad.left, x2: right, y1: y, y2: y}));
};

// ---- Charts
const shade = (chart, run, ranges, y, height) => {
  const edge = chart.svg.clientWidth - pad.right;
  // One path: many short gaps within a pixel are not darker than a long one. A short one that stands alone is widened.
  let path = "", last = -Infinity;
  for (const [from, to] of ranges) {
    const x = Math.max(pad.left, chart.x(run.start + from * run.interval)), end = Math.min(edge, chart.x(run.start + to * run.interval));
    if (end < pad.left || x > edge) continue;
    const until = x - last > 4 ? Math.max(x + 2, end) : end;
    path += `M${x.toFixed(2)} ${y}H${until.toFixed(2)}v${height}H${x.toFixed(2)}Z`;
    last = until;
  }
  chart.plot.append(svgNode("path", {class: "gap", d: path}));
};
const visible = (run, metric) => {
  const from = Math.max(0, Math.floor((view.from - run.start) / run.interval / run.stride) - 1);
  const to = Math.min(metric.values.length, Math.ceil((view.to - run.start) / run.interval / run.stride) + 2);
  return [from, to];
};
// Per column of pixels the lowest and the highest value, so that no spike is lost.
const loadPath = (chart, run, metric, of = value => value) => {
  const [from, to] = visible(run, metric);
  let path = "", isOpen = false, column = null, low = 0, high = 0, last = 0;
  const flush = () => {
    if (column === null) return;
    path += `${isOpen ? "L" : "M"}${column} ${chart.y(low).toFixed(1)}`;
    if (high !== low) path += `L${column} ${chart.y(high).toFixed(1)}`;
    if (last !== high) path += `L${column} ${chart.y(last).toFixed(1)}`;
    isOpen = true;
    column = null;
  };
  const isCoarse = to - from > chart.columns;
  for (let index = from; index < to; index++) {
    const value = of(metric.values[index], index);
    if (value === null) { flush(); isOpen = false; continue; }
    const exact = chart.x(run.start + index * run.stride * run.interval);
    const x = isCoarse ? Math.round(exact) : Number(exact.toFixed(1));
    if (x !== column) { flush(); column = x; low = high = value; }
    low = Math.min(low, value);
    high = Math.max(high, value);
    last = value;
  }
  flush();
  return path;
};
// The top of a scale. Values far above all others, such as those of a start with too few replicas, are cut off: otherwise the
// others would be a flat line.
const scaleTop = (values, least) => {
  const sorted = Float64Array.from(values).sort(), most = sorted.at(-1) ?? 0;
  const usual = Math.max(least, 1.25 * (sorted[Math.floor(sorted.length * 0.99)] ?? 0));
  return most > 4 * usual ? usual : Math.max(least, most);
};
const drawMetric = chart => {
  // All runs of one metric on one scale, so that they can be compared.
  const values = [];
  let least = 0;
  for (const [run, metric] of chart.all) {
    const [from, to] = visible(run, metric);
    for (let index = from; index < to; index++) values.push(metric.values[index] ?? 0);
    least = Math.max(least, metric.target * 1.25);
  }
  const top = scaleTop(values, least);
  const {right, bottom} = frame(chart, top * 1.06, true);
  shade(chart, chart.run, chart.metric.gaps, pad.top, bottom - pad.top);
  const path = svgNode("path", {class: "load", d: loadPath(chart, chart.run, chart.metric)});
  path.style.stroke = color(runs.indexOf(chart.run));
  chart.plot.append(path);
  level(chart, "capacity", chart.metric.capacity, right);
  level(chart, "target", chart.metric.target, right);
};
const replicasAt = (run, poll) => run.replicas[Math.max(0, lastAt(run.replicas, poll, entry => entry[0]))];
// The load of all replicas together, which is the same for all runs, against what the ready replicas of each can take.
const totalOf = (run, metric) => (value, index) =>
  value === null ? null : value * Math.max(1, replicasAt(run, index * run.stride)[2]);
const drawTotal = chart => {
  const [first, metric] = chart.all[0], total = totalOf(first, metric), [from, to] = visible(first, metric);
  let top = 0;
  for (let index = from; index < to; index++) top = Math.max(top, total(metric.values[index], index) ?? 0);
  for (const [run, own] of chart.all) {
    if (own.capacity === undefined) continue;
    const start = Math.max(0, lastAt(run.replicas, pollAt(run, view.from), entry => entry[0]));
    for (let index = start; index < run.replicas.length && run.start + run.replicas[index][0] * run.interval <= view.to; index++) {
      top = Math.max(top, run.replicas[index][2] * own.capacity);
    }
  }
  const {bottom} = frame(chart, (top || 1) * 1.06, true);
  shade(chart, first, metric.gaps, pad.top, bottom - pad.top);
  for (const [run, own] of chart.all) {
    if (own.capacity === undefined) continue;
    const line = svgNode("path", {class: "limit", d: stepPath(chart, run, entry => entry[2] * own.capacity)});
    line.style.stroke = color(runs.indexOf(run));
    chart.plot.append(line);
  }
  chart.plot.append(svgNode("path", {class: "total", d: loadPath(chart, first, metric, total)}));
};
// From the expected load to the quantile, at the time that a forecast is about.
const bandOf = (chart, run, {horizon, low, high}) => {
  const step = run.stride * run.interval, shift = horizon / step;
  const index = time => Math.floor((time - run.start) / step - shift);
  const from = Math.max(0, index(view.from) - 1), to = Math.min(low.length, index(view.to) + 3);
  let top = 0;
  for (let place = from; place < to; place++) top = Math.max(top, high[place] ?? 0);
  const path = () => {
    let path = "", columns = [];
    const flush = () => {
      if (columns.length) {
        const line = (list, key) => list.map(one => `${one.x} ${chart.y(one[key]).toFixed(1)}`).join("L");
        path += `M${line(columns, "high")}L${line(columns.reverse(), "low")}Z`;
      }
      columns = [];
    };
    for (let place = from; place < to; place++) {
      if (high[place] === null) { flush(); continue; }
      const x = Number(chart.x(run.start + (place + shift) * step).toFixed(to - from > chart.columns ? 0 : 1));
      const last = columns.at(-1);
      if (last?.x === x) {
        last.low = Math.min(last.low, low[place]);
        last.high = Math.max(last.high, high[place]);
      } else {
        columns.push({x, low: low[place], high: high[place]});
      }
    }
    flush();
    return path;
  };
  return {top, path};
};
const drawForecast = chart => {
  const {run, metric} = chart, total = totalOf(run, metric), [from, to] = visible(run, metric);
  const band = bandOf(chart, run, metric.forecast);
  let top = band.top;
  for (let index = from; index < to; index++) top = Math.max(top, total(metric.values[index], index) ?? 0);
  const {bottom} = frame(chart, (top || 1) * 1.06, true);
  shade(chart, run, metric.gaps, pad.top, bottom - pad.top);
  chart.plot.append(svgNode("path", {class: "band", d: band.path()}));
  chart.plot.append(svgNode("path", {class: "total", d: loadPath(chart, run, metric, total)}));
};
const stepPath = (chart, run, value, entries = run.replicas) => {
  const first = Math.max(0, lastAt(entries, pollAt(run, view.from), entry => entry[0]));
  let path = "";
  for (let index = first; index < entries.length; index++) {
    const entry = entries[index], time = run.start + entry[0] * run.interval;
    const x = Math.max(pad.left - 2, chart.x(time)).toFixed(1), y = chart.y(value(entry)).toFixed(1);
    path += path ? `H${x}V${y}` : `M${x} ${y}`;
    if (time > view.to) break;
  }
  return `${path}H${Math.min(chart.x(view.to), chart.x(run.start + run.polls * run.interval)).toFixed(1)}`;
};
const drawReplicas = chart => {
  const {runs} = chart;
  const top = Math.max(1, ...runs.map(run => Math.max(run.summary.mostReplicas, Math.min(run.bounds[1], run.summary.mostReplicas + 2))));
  const {right, bottom} = frame(chart, top * 1.08, true, true);
  shade(chart, runs[0], runs[0].gaps, pad.top, bottom - pad.top);
  for (const bounds of new Set(runs.filter(run => run.boundSteps.length < 2).map(run => run.bounds.join()))) {
    for (const bound of bounds.split(",").map(Number)) if (bound <= top * 1.08) level(chart, "bound", bound, right);
  }
  // By schedules they change over time.
  for (const run of runs.filter(run => run.boundSteps.length > 1)) {
    for (const index of [1, 2]) {
      const value = entry => Math.min(entry[index], top * 1.08);
      chart.plot.append(svgNode("path", {class: "bound", d: stepPath(chart, run, value, run.boundSteps)}));
    }
  }
  for (const ranges of chart.denied ?? []) {
    for (const [from, to] of ranges) denyRect(chart, from, to, pad.top, bottom - pad.top, "denied under");
  }
  runs.forEach((run, place) => {
    const index = chart.colors?.[place] ?? place;
    const current = stepPath(chart, run, entry => entry[1]);
    const line = svgNode("path", {class: "current", d: current});
    const ready = svgNode("path", {class: "ready", d: stepPath(chart, run, entry => entry[2])});
    line.style.stroke = ready.style.stroke = color(index);
    line.style.strokeWidth = place === 0 && runs.length > 1 ? 3 : 1.7;
    const area = svgNode("path", {class: "area", d: `${current}V${bottom}H${pad.left}Z`});
    area.style.fill = color(index);
    chart.plot.append(area, ready, line);
  });
};
const denyRect = (chart, from, to, y, height, className) => {
  const x = Math.max(pad.left, chart.x(whole.from + from)), end = Math.min(chart.svg.clientWidth - pad.right, chart.x(whole.from + to));
  if (end < pad.left || x > chart.svg.clientWidth - pad.right) return;
  chart.plot.append(svgNode("rect", {class: className, x, y, width: Math.max(1, end - x), height}));
};
// What the members use of one limit, one above the other.
const useAt = (budget, limit, place, time) => {
  const run = runs[budget.members[place]];
  return (limit.consumption[place] ?? 0) * replicasAt(run, pollAt(run, time))[1];
};
const drawStack = chart => {
  const {budget, limit} = chart, places = budget.members.map((_, place) => place);
  let top = 0;
  const first = Math.max(0, lastAt(limit.steps, view.from - whole.from, step => step[0]));
  const steps = [];
  for (let index = first; index < limit.steps.length && limit.steps[index][0] <= view.to - whole.from; index++) {
    steps.push([Math.max(view.from, whole.from + limit.steps[index][0]), limit.steps[index][1], limit.steps[index][2]]);
    top = Math.max(top, limit.steps[index][1], limit.steps[index][2]);
  }
  // One column for each change, or, if there are more than pixels, for the highest of each pixel.
  const times = new Set([view.from]);
  for (const member of budget.members) {
    const run = runs[member];
    for (let index = Math.max(0, lastAt(run.replicas, pollAt(run, view.from), entry => entry[0])); index < run.replicas.length; index++) {
      const time = run.start + run.replicas[index][0] * run.interval;
      if (time > view.to) break;
      times.add(Math.max(view.from, time));
    }
  }
  let columns = [...times].sort((one, other) => one - other).map(time => {
    let sum = 0;
    return {time, sums: places.map(place => sum += useAt(budget, limit, place, time)), total: 0};
  });
  for (const column of columns) top = Math.max(top, column.sums.at(-1) ?? 0);
  const {bottom} = frame(chart, (top || 1) * 1.08, true);
  if (columns.length > 2 * chart.columns) {
    const highest = new Map();
    for (const column of columns) {
      const x = Math.round(chart.x(column.time)), other = highest.get(x);
      if (!other || other.sums.at(-1) < column.sums.at(-1)) highest.set(x, column);
    }
    columns = [...highest.values()];
  }
  const end = chart.x(Math.min(view.to, whole.to)).toFixed(1);
  const edge = place => {
    let path = "";
    for (const column of columns) {
      const x = chart.x(column.time).toFixed(1), y = (place < 0 ? bottom : chart.y(column.sums[place])).toFixed(1);
      path += path ? `H${x}V${y}` : `M${x} ${y}`;
    }
    return `${path}H${end}`;
  };
  // The highest sum first, so that each area covers the rest of the one before.
  for (const place of [...places].reverse()) {
    const cover = svgNode("path", {class: "cover", d: `${edge(place)}V${bottom}H${pad.left}Z`});
    cover.style.fill = "var(--card)";
    const area = svgNode("path", {class: "stack", d: `${edge(place)}V${bottom}H${pad.left}Z`});
    area.style.fill = color(budget.members[place]);
    chart.plot.append(cover, area);
  }
  const line = index => steps.reduce((path, step) => {
    const x = chart.x(step[0]).toFixed(1), y = chart.y(step[index]).toFixed(1);
    return path + (path ? `H${x}V${y}` : `M${x} ${y}`);
  }, "") + `H${end}`;
  chart.plot.append(svgNode("path", {class: "wanted", d: line(2)}), svgNode("path", {class: "ceiling", d: line(1)}));
};
// A lane for each member: above when it was denied, below when it was out of its SLO.
const drawLanes = chart => {
  const {right} = frame(chart, 1, false), {budget} = chart;
  budget.members.forEach((member, place) => {
    const y = pad.top + place * 36, run = runs[member];
    const name = svgNode("text", {x: pad.left, y: y + 10}, run.name);
    chart.svg.append(name);
    chart.plot.append(svgNode("rect", {class: "lane", x: pad.left, y: y + 14, width: right - pad.left, height: 16, rx: 3}));
    for (const [from, to] of budget.denied[place]) denyRect(chart, from, to, y + 14, 8, "denied");
    for (const [from, to] of run.outages) {
      denyRect(chart, run.start - whole.from + from * run.interval, run.start - whole.from + to * run.interval, y + 22, 8, "outage");
    }
    shade(chart, run, run.gaps, y + 22, 8);
    const swatch = svgNode("rect", {x: pad.left - 21, y: y + 16, width: 11, height: 11, rx: 3});
    swatch.style.fill = color(member);
    chart.svg.append(swatch);
  });
};
const drawOutages = chart => {
  const {right} = frame(chart, 1, false);
  runs.forEach((run, index) => {
    const y = pad.top + index * 20;
    chart.plot.append(svgNode("rect", {class: "lane", x: pad.left, y, width: right - pad.left, height: 13, rx: 3}));
    for (const [from, to] of run.outages) {
      const x = chart.x(run.start + from * run.interval), end = chart.x(run.start + to * run.interval);
      if (end < pad.left || x > right) continue;
      chart.plot.append(svgNode("rect", {class: "outage", x, y, width: Math.max(1, end - x), height: 13}));
    }
    shade(chart, run, run.gaps, y, 13);
    const swatch = svgNode("rect", {x: pad.left - 21, y: y + 1, width: 11, height: 11, rx: 3});
    swatch.style.fill = color(index);
    chart.svg.append(swatch);
  });
};
const draw = () => {
  // A chart in a closed section has no width.
  for (const chart of charts) if (chart.svg.clientWidth > 0) chart.draw(chart);
  const isWhole = view.from === whole.from && view.to === whole.to;
  for (const id of ["all", "out"]) document.getElementById(id).disabled = isWhole;
  document.getElementById("earlier").disabled = view.from <= whole.from;
  document.getElementById("later").disabled = view.to >= whole.to;
  document.getElementById("in").disabled = view.to - view.from <= shortest;
};
const addChart = (title, notes, height, drawing, more = {}) => {
  const figure = node("figure"), caption = node("figcaption", title);
  const svg = svgNode("svg", {role: "application", "aria-roledescription": "chart", "aria-label": title, tabindex: 0});
  caption.append(...notes.map(note => {
    const span = node("span", note.text ?? note);
    if (note.swatch !== undefined) span.prepend(mark(note.swatch));
    return span;
  }));
  figure.append(caption, svg);
  (more.parent ?? document.getElementById("charts")).append(figure);
  const chart = {svg, height, draw: drawing, runs, id: `clip${charts.length}`, ...more};
  charts.push(chart);
  svg.addEventListener("keydown", event => press(chart, event));
  svg.addEventListener("blur", hide);
  svg.addEventListener("pointermove", event => point(chart, event));
  svg.addEventListener("pointerleave", () => { if (!drag) hide(); });
  svg.addEventListener("pointerdown", event => {
    if (event.button !== 0) return;
    // No text of the page is selected by a drag.
    if (event.pointerType === "mouse") event.preventDefault();
    drag = clamped(chart.time(place(chart, event)));
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointerup", event => zoom(chart, event));
  // A finger that scrolls the page zooms nothing.
  svg.addEventListener("pointercancel", () => { drag = null; hide(); });
  // A tap moves no pointer.
  svg.addEventListener("click", event => point(chart, event));
  svg.addEventListener("dblclick", showAll);
};

