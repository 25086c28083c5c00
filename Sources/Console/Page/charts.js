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
  view.readout.textContent = `${clock(inside)}: ${texts.join("; ")}.${decided ? ` ${local(decided)}` : ""}`;
};
