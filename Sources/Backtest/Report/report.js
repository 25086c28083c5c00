// ---- Pointing and zooming
let drag = null;
const tip = document.getElementById("tip");
// How far the page was scrolled when the tip was placed.
let scrolledTo = 0;
const hide = () => {
  tip.hidden = true;
  for (const mark of document.querySelectorAll(".cross, .range")) mark.remove();
};
// Where in the chart the pointer is, also when what is under it is a line or a label of the chart.
const place = (chart, event) => event.clientX - chart.svg.getBoundingClientRect().left;
const clamped = time => Math.min(view.to, Math.max(view.from, time));
// The decision in force at a poll; or the last scaling event before it, if that is drawn within a few pixels. Never one that is
// yet to come.
const decisionAt = (chart, run, poll) => {
  const reach = 2 * (view.to - view.from) / chart.columns / run.interval;
  const index = Math.max(0, lastAt(run.decisions, poll, entry => entry[0]));
  for (let other = index; other >= 0 && run.decisions[other][0] >= poll - reach; other--) {
    if (run.decisions[other][1] !== run.decisions[other][2]) return run.decisions[other];
  }
  return run.decisions[index];
};
const point = (chart, event) => pointAt(chart, clamped(chart.time(place(chart, event))), event.clientX, event.clientY);
const pointAt = (chart, time, clientX, clientY) => {
  hide();
  cursor = time;
  for (const other of charts) {
    if (other.svg.clientWidth === 0) continue;
    const x = other.x(time);
    if (drag !== null) {
      const start = other.x(drag);
      other.svg.append(svgNode("rect", {class: "range", x: Math.min(x, start), y: 0, width: Math.abs(x - start), height: other.height - pad.bottom}));
    }
    other.svg.append(svgNode("line", {class: "cross", x1: x, x2: x, y1: 0, y2: other.height - pad.bottom}));
  }
  tip.replaceChildren(...describe(chart, time));
  tip.hidden = false;
  scrolledTo = scrollY;
  const {offsetWidth: width, offsetHeight: height} = tip, free = document.documentElement.clientWidth - width - 8;
  const left = clientX + 18 > free ? clientX - 18 - width : clientX + 18;
  tip.style.left = `${Math.max(4, Math.min(left, free))}px`;
  tip.style.top = `${Math.max(4, Math.min(innerHeight - height - 8, clientY + 14))}px`;
};
// A group has many members: a chart of a budget names who uses how much, and that of a member the reason.
const describeUse = (chart, time) => {
  const {budget} = chart, lines = [];
  for (const limit of budget.limits) {
    const step = limit.steps[Math.max(0, lastAt(limit.steps, time - whole.from, entry => entry[0]))];
    const used = budget.members.reduce((sum, _, place) => sum + useAt(budget, limit, place, time), 0);
    lines.push(node("p", `${short(used)} of ${short(step[1])} ${unitOf(limit)} in use, ${short(step[2])} wanted`));
  }
  const shown = budget.members.map((member, place) => {
    const run = runs[member], periods = budget.denied[place];
    const period = periods[lastAt(periods, time - whole.from, entry => entry[0])];
    const denied = period && time - whole.from < period[1] ? period[2] : 0;
    return {member, denied, replicas: replicasAt(run, pollAt(run, time))[1]};
  }).sort((one, other) => other.denied - one.denied || other.replicas - one.replicas || one.member - other.member);
  const list = node("p");
  for (const {member, denied, replicas} of shown.slice(0, 12)) {
    if (list.childNodes.length) list.append(node("br"));
    list.append(mark(member), `${runs[member].name}: ${replicas}${denied ? `, denied up to ${denied}` : ""}`);
  }
  lines.push(list);
  return lines;
};
const describe = (chart, time) => {
  const date = seconds => new Date(seconds * 1000);
  const poll = pollAt(chart.runs[0], time), shown = date(chart.runs[0].start + poll * chart.runs[0].interval);
  const lines = [node("b", `${day(shown)}, ${clock(shown, true)} UTC`)];
  if (chart.budget) return [...lines, ...describeUse(chart, time)];
  chart.runs.forEach((run, place) => {
    const index = chart.colors?.[place] ?? place;
    const poll = pollAt(run, time), decision = decisionAt(chart, run, poll), isScaling = decision[1] !== decision[2];
    const replicas = replicasAt(run, poll), line = node("p"), swatch = node("i", "", "swatch");
    const values = run.metrics.map(metric => {
      const at = Math.floor(poll / run.stride), value = metric.values[at];
      if (value === null) return `${metric.name} has no data`;
      const total = metric.isPerReplica ? ` (${short(totalOf(run, metric)(value, at))} in all)` : "";
      return `${metric.name} ${short(value)} of ${short(metric.target)}${total}${expectedAt(run, metric, poll)}`;
    });
    swatch.style.background = color(index);
    line.append(swatch, node("strong", run.name), node("br"));
    line.append(node("span", `${replicas[1]} ${replicas[1] === 1 ? "replica" : "replicas"}, ${replicas[2]} ready; ${values.join("; ")}`, "numbers"), node("br"));
    const since = clock(date(run.start + decision[0] * run.interval), true);
    line.append(`${isScaling ? since : `since ${since}:`} ${decision[3]}`);
    lines.push(line);
  });
  return lines;
};
const expectedAt = (run, metric, poll) => {
  if (!metric.forecast) return "";
  const {horizon, low, high} = metric.forecast, at = Math.floor((poll - horizon / run.interval) / run.stride);
  if (at < 0 || high[at] === null) return "";
  return `, expected ${duration(horizon)} before: ${short(low[at])} to ${short(high[at])}`;
};
const zoom = (chart, event) => {
  const start = drag, x = place(chart, event), end = chart.time(x);
  drag = null;
  if (start === null || Math.abs(chart.x(start) - x) < 6) return;
  view = {from: Math.max(whole.from, Math.min(start, end)), to: Math.min(whole.to, Math.max(start, end))};
  show(view.from, Math.max(view.to, view.from + shortest));
};
const show = (from, to) => {
  const length = Math.min(to - from, whole.to - whole.from);
  const start = Math.min(Math.max(from, whole.from), whole.to - length);
  view = {from: start, to: start + length};
  hide();
  draw();
};
const showAll = () => show(whole.from, whole.to);
// Around a time that stays at its place.
const scale = (factor, around) => {
  const length = Math.max(shortest, (view.to - view.from) * factor), share = (around - view.from) / (view.to - view.from);
  show(around - share * length, around + (1 - share) * length);
};
const pan = share => show(view.from + share * (view.to - view.from), view.to + share * (view.to - view.from));
const middle = () => (view.from + view.to) / 2;

// ---- Keys
let cursor = null;
const press = (chart, event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const length = view.to - view.from, run = chart.runs[0];
  // At least one poll, so that each press shows another one.
  const move = Math.max(run.interval, length / 100), isShown = cursor !== null && cursor >= view.from && cursor <= view.to;
  const now = isShown ? cursor : middle(), from = run.start + pollAt(run, now) * run.interval;
  const target = {
    ArrowLeft: from - move, ArrowRight: from + move, PageUp: from - 10 * move, PageDown: from + 10 * move,
    Home: view.from, End: view.to, Enter: now, " ": now,
  }[event.key];
  if (event.key === "Escape") showAll();
  else if (event.key === "+" || event.key === "=") scale(0.5, now);
  else if (event.key === "-") scale(2, now);
  else if (target === undefined) return;
  event.preventDefault();
  if (target !== undefined && (target < view.from || target > view.to)) pan(target < view.from ? -0.5 : 0.5);
  const time = clamped(target ?? now), box = chart.svg.getBoundingClientRect();
  pointAt(chart, time, box.left + chart.x(time), box.top + box.height / 3);
  document.getElementById("live").textContent = tip.innerText;
};

// ---- The page
document.getElementById("title").textContent = report.title;
const [first, last] = [new Date(whole.from * 1000), new Date(whole.to * 1000)];
document.getElementById("sub").textContent =
  `${day(first)} ${first.getUTCFullYear()}, ${clock(first)} to ${day(last)}, ${clock(last)} UTC: `
  + `${duration(whole.to - whole.from)}, a decision every ${[...new Set(runs.map(run => duration(run.interval)))].join(", ")}`;
document.getElementById("all").addEventListener("click", showAll);
document.getElementById("in").addEventListener("click", () => scale(0.5, middle()));
document.getElementById("out").addEventListener("click", () => scale(2, middle()));
document.getElementById("earlier").addEventListener("click", () => pan(-0.5));
document.getElementById("later").addEventListener("click", () => pan(0.5));
const gapNote = list => list.some(run => run.gaps.length) ? ["grey: no data"] : [];
const replicaNotes = ["dotted: ready", "dashed: minReplicas and maxReplicas"];
// The charts of the metrics of some runs.
const addMetrics = (runs, more) => {
  for (const name of new Set(runs.flatMap(run => run.metrics.map(metric => metric.name)))) {
    const all = runs.flatMap(run => run.metrics.filter(metric => metric.name === name).map(metric => [run, metric]));
    if (all[0][1].isPerReplica) {
      const gaps = all[0][1].gaps.length ? ["grey: no data"] : [];
      addChart(
        `${name}, all replicas together`, ["the load, below what the ready replicas can take (in color)", ...gaps],
        runs.length > 1 ? 200 : 180, drawTotal, {all, ...more});
      // The forecasts of one load are the same in all runs.
      const [run, metric] = all.find(([, metric]) => metric.forecast) ?? [];
      if (metric) {
        addChart(
          `${name}, and its forecast`,
          [`purple: what was expected ${duration(metric.forecast.horizon)} before, from the expected load up to the quantile`, ...gaps],
          230, drawForecast, {run, metric, ...more});
      }
    }
    // In a group, the load and the capacity of all replicas say enough.
    if (budgets && all[0][1].isPerReplica) continue;
    for (const [run, metric] of all) {
      const title = metric.isPerReplica ? `${name} per ready replica` : name;
      const notes = [`target ${short(metric.target)} (green)`];
      if (metric.capacity !== undefined) notes.push(`out of SLO above ${short(metric.capacity)} (dotted red)`);
      if (metric.gaps.length) notes.push("grey: no data");
      addChart(runs.length > 1 ? `${run.name}: ${title}` : title, notes, runs.length > 1 ? 150 : 250, drawMetric, {run, metric, all, ...more});
    }
  }
};
const addSection = (title, isOpen) => {
  const section = node("details"), heading = node("summary");
  heading.append(...title);
  section.append(heading);
  section.open = isOpen;
  section.addEventListener("toggle", draw);
  document.getElementById("charts").append(section);
  return section;
};
const addBudgets = () => {
  for (const budget of budgets) {
    const legend = budget.members.slice(0, maxMembers).map(member => ({text: runs[member].name, swatch: member}));
    for (const limit of budget.limits) {
      const unknown = limit.consumption.some(amount => amount === null) ? ["of some members, what a replica consumes is unknown"] : [];
      addChart(
        `${budget.name}: ${unitOf(limit) === "per hour" ? "cost per hour" : limit.unit}`,
        [`red line: the limit${budget.isReport ? ", which is only reported" : ""}`, "dashed: wanted without it", ...legend, ...unknown],
        260, drawStack, {budget, limit});
    }
    if (!budget.members.length) continue;
    const verb = budget.isReport ? "would be denied" : "denied";
    addChart(
      `${budget.name}: who is denied`, [`orange: ${verb}`, "red: out of SLO", ...gapNote(budget.members.map(member => runs[member])), ...(budget.isCut ? ["only the first periods are drawn"] : [])],
      pad.top + 36 * budget.members.length + pad.bottom, drawLanes, {budget});
  }
  runs.slice(0, maxMembers).forEach((run, index) => {
    const parent = addSection([mark(index), run.name], runs.length <= 4), more = {parent, runs: [run], colors: [index]};
    addMetrics([run], more);
    const denied = budgets.flatMap(budget => {
      const place = budget.members.indexOf(index);
      return place < 0 ? [] : [budget.denied[place]];
    });
    const notes = denied.some(ranges => ranges.length) ? ["orange: denied by a budget"] : [];
    addChart("Replicas", [...replicaNotes, ...notes, ...gapNote([run])], 200, drawReplicas, {...more, denied});
  });
  if (runs.length > maxMembers) {
    document.getElementById("charts").append(node("p", `The charts of ${runs.length - maxMembers} more scalers are not drawn.`, "sub"));
  }
};
const addSpecs = () => {
  const all = [...runs.map(run => [run.name, run.spec]), ...(budgets ?? []).map(budget => [`budget ${budget.name}`, budget.spec])];
  for (const [name, spec] of all) {
    if (!spec) continue;
    const section = node("details"), text = node("pre", JSON.stringify(spec, null, 2));
    text.tabIndex = 0;
    section.append(node("summary", `The spec of ${name}`), text);
    document.getElementById("specs").append(section);
  }
};
if (budgets) {
  drawMembers();
  addBudgets();
} else {
  drawSummary();
  addMetrics(runs);
  addChart("Replicas", [...replicaNotes, ...gapNote(runs)], 230, drawReplicas);
  addChart("Out of SLO", gapNote(runs).map(() => "grey: unknown"), pad.top + 20 * runs.length + pad.bottom, drawOutages);
}
addSpecs();
draw();
addEventListener("resize", draw);
// The event of a scroll that came before the tip (a chart that took the focus) may arrive after it.
addEventListener("scroll", () => { if (!drag && scrollY !== scrolledTo) hide(); }, {passive: true});
