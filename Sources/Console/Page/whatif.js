"use strict";
// ---- What if: an edited spec, replayed beside the present one by the console's own process
let question = null, answered = null, draft = null, draftNumber = 0, draftTimer = 0;
const ask = async (path, body, signal) => {
  const [namespace, name] = chosen.split("/");
  const answer = await fetch(`whatif/${path}`, {method: "POST", signal, headers: {"Content-Type": "application/json"}, body: JSON.stringify({namespace, name, ...body})});
  if (answer.ok && path === "report") return answer.blob();
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(json.error), {problems: json.problems ?? []});
  return json;
};
const leaveWhatIf = () => { question?.abort(); question = null; answered = null; draft = null; draftNumber++; clearTimeout(draftTimer); };
const openWhatIf = async () => {
  leaveWhatIf();
  const key = chosen, back = node("button", {type: "button"}, "Back to the scaler");
  back.addEventListener("click", () => open(key));
  const box = byID("detail");
  box.replaceChildren(node("div", {class: "top"}, node("h2", {}, `What if: ${key}`), back),
    node("p", {class: "soft"}, "Edit the spec and replay the past with the operator's engine. Nothing is changed in the cluster."),
    node("p", {class: "empty", role: "status", id: "wait"}, "Loading…"));
  box.focus({preventScroll: true});
  try {
    const json = await ask("draft", {});
    if (key !== chosen || !isWhatIf) return;
    byID("wait").replaceWith(editor(json));
    takeDraft(json, true);
  } catch (error) {
    if (byID("wait")) byID("wait").textContent = error.message;
  }
};

// ---- The editor: fields for what is changed most, and the whole spec as text
const at = (spec, path) => path.split(".").reduce((part, key) => part?.[key], spec);
const fieldsOf = spec => [
  ["minReplicas", "Minimum replicas", "1"], ["maxReplicas", "Maximum replicas", ""],
  ...(spec.metrics ?? []).map((metric, index) => [`metrics.${index}.targetValue`, `Target of ${metric.name ?? metric.type ?? index + 1}`, "an input"]),
  ["safety.cooldownSeconds", "Cooldown (s)", "none"], ["safety.scaleUpCooldownSeconds", "Scale-up cooldown (s)", "15"],
  ["safety.scaleDownCooldownSeconds", "Scale-down cooldown (s)", "300"], ["safety.maxScaleUpRate", "Scale-up rate", "4 or 100%"],
  ["safety.maxScaleDownRate", "Scale-down rate", "50%"], ["safety.scaleUpStabilizationSeconds", "Scale-up window (s)", "0"],
  ["safety.scaleDownStabilizationSeconds", "Scale-down window (s)", "300"], ["pollingIntervalSeconds", "Polling interval (s)", "15"],
  ["forecast.mode", "Forecast", ["", "Off", "Report", "Active"]], ["policy.type", "Policy", ["", "slo", "cost"]],
  ["policy.config.tolerance", "Tolerance", "0.1"],
  ...(at(spec, "policy.type") === "cost" ? [["policy.config.costPerPodPerHour", "Cost of a replica an hour", ""], ["policy.config.maxCostPerHour", "Maximum cost an hour", ""]] : []),
];
const valueOf = text => text === "" ? null : /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
const editor = json => {
  const sources = {memory: "the operator's memory", trace: "the trace", range: "the metrics' source"};
  const yaml = node("textarea", {id: "yaml", rows: 22, spellcheck: "false", autocapitalize: "off", "aria-describedby": "problems"});
  yaml.addEventListener("input", () => { clearTimeout(draftTimer); draftTimer = setTimeout(() => sendDraft({}), 400); });
  const labelled = (text, field) => node("label", {}, node("span", {}, text), field);
  const small = (id, text, hint) => labelled(text, node("input", {id, inputmode: "decimal", placeholder: hint, autocomplete: "off"}));
  const source = node("select", {id: "source"}, ...json.sources.map(name => node("option", {value: name}, sources[name])));
  const length = node("select", {id: "length"}, ...[["1 h", 3600], ["6 h", 21600], ["1 d", 86400], ["7 d", 604800]].map(([name, seconds]) => node("option", {value: seconds}, name)));
  const check = () => {
    const seven = length.options[3];
    seven.disabled = source.value === "memory";
    if (seven.disabled && seven.selected) length.value = "86400";
  };
  source.addEventListener("change", check);
  check();
  const form = node("form", {class: "replay"}, labelled("Readings from", source), labelled("Time", length), small("startup", "Start-up of a replica (s)", "as learned, or 30"),
    small("price", "Price of a replica an hour", "of the cost policy"), small("recorded", "Replicas at that time", "as recorded"), node("button", {type: "submit", id: "replay"}, "Replay"));
  form.addEventListener("submit", event => { event.preventDefault(); replay(); });
  return node("div", {}, node("div", {class: "edit"}, node("fieldset", {id: "fields"}, node("legend", {}, "Common fields")),
    node("div", {}, labelled("Spec (the configs of metrics are not shown, and stay)", yaml), node("div", {role: "status"}, node("ul", {id: "problems"})))),
    form, node("div", {id: "outcome"}));
};
const sendDraft = async set => {
  const mine = ++draftNumber, isChange = Object.keys(set).length > 0;
  try {
    const json = await ask("draft", {yaml: byID("yaml").value, ...(isChange ? {set} : {})});
    if (mine === draftNumber && byID("yaml")) takeDraft(json, isChange);
  } catch (error) {
    if (mine === draftNumber && byID("yaml")) showProblems(error.problems?.length ? error.problems : [{path: "", message: error.message}]);
  }
};
const showProblems = problems => byID("problems").replaceChildren(...problems.map(one =>
  node("li", {class: "bad"}, `${one.line ? `Line ${one.line}: ` : ""}${one.path ? `${one.path}: ` : ""}${one.message}`)));
const takeDraft = (json, isWritten) => {
  draft = json;
  if (isWritten) byID("yaml").value = json.yaml;
  showProblems(json.problems);
  const held = document.activeElement?.id, fields = byID("fields");
  fields.replaceChildren(fields.firstChild, ...fieldsOf(json.spec).map(([path, title, hint]) => {
    const value = at(json.spec, path), id = `field-${path}`;
    const field = Array.isArray(hint)
      ? node("select", {id}, ...hint.map(name => node("option", {value: name, selected: name === (value ?? "")}, name || "not set")))
      : node("input", {id, value: value ?? "", placeholder: hint, autocomplete: "off", spellcheck: "false"});
    field.addEventListener("change", () => {
      const set = {[path]: valueOf(field.value.trim())};
      if (path === "policy.type" && field.value !== "cost") Object.assign(set, {"policy.config.costPerPodPerHour": null, "policy.config.maxCostPerHour": null});
      sendDraft(set);
    });
    return node("label", {}, node("span", {}, title), field);
  }));
  if (held?.startsWith("field-")) byID(held)?.focus({preventScroll: true});
};

// ---- The replay and its outcome
const replayOptions = () => {
  const number = id => { const value = valueOf(byID(id).value.trim()); return typeof value === "number" ? value : undefined; };
  return {yaml: byID("yaml").value, source: byID("source").value, seconds: Number(byID("length").value), startupSeconds: number("startup"),
    price: number("price"), recordedReplicas: number("recorded")};
};
const replay = async () => {
  question?.abort();
  const own = question = new AbortController(), asked = replayOptions();
  byID("outcome").replaceChildren(node("p", {class: "empty", role: "status"}, "Replaying…"));
  try {
    const json = await ask("replay", asked, own.signal);
    if (question !== own) return;
    answered = {json, asked};
    drawOutcome();
    showOutcome();
  } catch (error) {
    if (question !== own || error.name === "AbortError") return;
    if (error.problems?.length) showProblems(error.problems);
    byID("outcome").replaceChildren(node("p", {class: "bad", role: "alert"}, error.message));
  }
};
const day = seconds => `${date(seconds)} ${clock(seconds)}`;
const long = seconds => seconds === null || seconds === undefined ? "unknown" : seconds < 60 ? `${Math.round(seconds)} s` : seconds < 3600 ? `${Number((seconds / 60).toFixed(1))} min`
  : `${Number((seconds / 3600).toFixed(2))} h`;
const outcomeTable = json => {
  const sides = [json.present.summary, json.changed.summary];
  const share = one => one.shareOutOfSLO === null ? "unknown" : `${long(one.secondsOutOfSLO)} (${(100 * one.shareOutOfSLO).toFixed(2)}%)`;
  const less = (of, text) => { const by = of(sides[1]) - of(sides[0]); return Number.isFinite(by) ? `${by > 0 ? "+" : by < 0 ? "−" : ""}${text(Math.abs(by))}` : ""; };
  const count = value => String(Number(value.toFixed(2)));
  const rows = [
    ["Out of SLO", share, one => one.secondsOutOfSLO ?? NaN, long], ["Unknown", one => long(one.secondsUnknown), one => one.secondsUnknown, long],
    ["Replica-hours", one => one.replicaHours.toFixed(1), one => one.replicaHours, value => value.toFixed(1)],
    ["Cost", one => one.cost === undefined ? "no price" : one.cost.toFixed(2), one => one.cost ?? NaN, value => value.toFixed(2)],
    ["Scaling events", one => String(one.scalingEvents), one => one.scalingEvents, count], ["Flaps", one => String(one.flaps), one => one.flaps, count],
    ["Replicas", one => `${one.fewestReplicas} to ${one.mostReplicas}`, () => NaN, count],
  ];
  return node("table", {}, node("thead", {}, node("tr", {}, ...["", "Present", "Changed", "Difference"].map(title => node("th", {scope: "col"}, title)))),
    node("tbody", {}, ...rows.map(([title, text, of, words]) => node("tr", {}, node("th", {scope: "row"}, title), ...sides.map(one => node("td", {}, text(one))), node("td", {}, less(of, words))))));
};
// Lines of steps as one list of [time, value of each line].
const merged = (lines, from, to) => {
  const times = [...new Set([from, ...lines.flatMap(line => line.map(point => point[0]))])].filter(time => time >= from && time <= to).sort((a, b) => a - b);
  return times.map(time => [time, ...lines.map(line => line[lastAt(line, time)]?.[1] ?? null)]);
};
const chartBox = (id, from, end, decided) => {
  const readout = node("p", {class: "readout", id, "aria-live": "polite"});
  return [node("div", {}, readout), {from, end, charts: [], readout, prefix: id, decided}];
};
const drawOutcome = () => {
  const {json} = answered, box = byID("outcome"), {from, to} = json;
  const [charts, view] = chartBox("outcomes", from, to);
  box.replaceChildren(node("h3", {}, "Outcome"), node("p", {class: "soft"}, `${day(from)} to ${day(to)}, a reading every ${long(json.resolutionSeconds)}, start-up ${long(json.startupSeconds)}.`),
    ...json.notes.map(note => node("p", {class: "note"}, note)), outcomeTable(json), charts);
  addChart(charts, view, "Replicas", "line: changed, dashed: present, dotted: recorded", merged([json.present.replicas, json.changed.replicas, json.recorded], from, to), Infinity, Infinity,
    [["recorded", point => point[3]], ["target", point => point[1]], ["current", point => point[2]]],
    point => `present ${point[1] ?? "unknown"}, changed ${point[2] ?? "unknown"}${point[3] === null ? "" : `, recorded ${point[3]}`}`, true);
  for (const load of json.present.loads) {
    addChart(charts, view, `Load of ${load.name}`, load.isPerReplica ? "of all replicas together" : "does not depend on the replicas", load.values, Infinity, Infinity,
      [["value", point => point[1]]], point => `${load.name} ${short(point[1])}`);
  }
  drawDifferences(box, json);
  drawNextDay(box, json.nextDay);
  drawExport(box, json);
  box.append(node("p", {class: "soft"}, json.assumptions));
};
// Of a replay that was asked for, the reader sees more than the heading.
const showOutcome = () => { if (byID("outcome").getBoundingClientRect().top > innerHeight * 0.6) byID("replay").scrollIntoView({block: "start"}); };
const drawDifferences = (box, json) => {
  const list = json.differences, more = json.differenceCount - list.length;
  box.append(node("h3", {}, "Decisions that differ"), node("p", {class: "soft"}, list.length
    ? `${json.differenceCount}, ${long(json.differingSeconds)} in all.${more > 0 ? ` The first ${list.length} are listed.` : ""}` : "None: both specs have the same replicas."));
  box.append(...list.map(one => node("details", {}, node("summary", {}, `${day(one.from)}, for ${long(one.to - one.from)}: ${one.changed.replicas} instead of ${one.present.replicas}`),
    node("dl", {class: "causes"}, node("dt", {}, "Present"), node("dd", {}, one.present.reason), node("dt", {}, "Changed"), node("dd", {}, one.changed.reason)))));
};
const drawNextDay = (box, next) => {
  const words = list => list.map(([time, least, most, names]) => `from ${clock(time, false)} ${least} to ${most}${names ? ` (${names})` : ""}`).join("; ");
  box.append(node("h3", {}, "The next day"), node("dl", {class: "causes"}, node("dt", {}, "Bounds at present"), node("dd", {}, words(next.present)),
    node("dt", {}, "Bounds changed"), node("dd", {}, words(next.changed))));
  if (!next.forecasts) { box.append(node("p", {class: "soft"}, "No forecast: set its mode to see the load that is expected.")); return; }
  box.append(node("p", {class: "soft"}, next.forecastNote));
  if (!next.forecasts.length) return;
  const [charts, view] = chartBox("next-day", next.from, next.to);
  box.append(charts);
  for (const one of next.forecasts) {
    addChart(charts, view, `Expected load of ${one.name}`, "of all replicas together", one.values, Infinity, Infinity, [["value", point => point[1]]], point => `${one.name} ${short(point[1])}`);
  }
  if (!next.changedReplicas) return;
  addChart(charts, view, "Replicas for the expected load", "line: changed, dashed: present", merged([next.presentReplicas, next.changedReplicas], next.from, next.to), Infinity, Infinity,
    [["target", point => point[1]], ["current", point => point[2]]], point => `present ${point[1] ?? "unknown"}, changed ${point[2] ?? "unknown"}`, true);
};
const save = (blob, name) => {
  const link = node("a", {href: URL.createObjectURL(blob), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
const drawExport = (box, json) => {
  const button = (text, act) => { const made = node("button", {type: "button"}, text); made.addEventListener("click", act); return made; };
  const report = button("HTML report", async () => {
    report.disabled = true;
    try { save(await ask("report", answered.asked), `${chosen.split("/")[1]}.html`); } catch (error) { box.append(node("p", {class: "bad", role: "alert"}, error.message)); }
    report.disabled = false;
  });
  const isSame = json.patch.length === 0;
  box.append(node("h3", {}, "Export"), node("div", {class: "ranges"}, ...(isSame ? [] : [button("Patch as YAML", () => save(new Blob([json.patchYAML], {type: "application/yaml"}), json.patchFile))]), report));
  if (isSame) { box.append(node("p", {class: "soft"}, "The spec is unchanged.")); return; }
  box.append(node("pre", {tabindex: 0, "aria-label": "Patch"}, json.patchYAML), node("p", {class: "soft"}, "In the cluster; or in your manifest, and then in the cluster:"),
    ...json.commands.map(command => node("pre", {tabindex: 0, "aria-label": "Command"}, command)));
};
