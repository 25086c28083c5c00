// ---- Budgets: who uses them, and who is denied
let budgetTimer = 0, budgetsShown = false;
const budgetRefresh = 5000;
const showBudgets = isShown => {
  clearTimeout(budgetTimer);
  const isNew = isShown && !budgetsShown;
  budgetsShown = isShown;
  byID("budgets").hidden = !isShown;
  byID("list").hidden = isShown;
  byID("to-budgets").ariaCurrent = isShown ? "page" : null;
  byID("to-scalers").ariaCurrent = isShown ? null : "page";
  if (isShown) loadBudgets(isNew); else byID("budgets").replaceChildren();
};
const loadBudgets = async isNew => {
  try {
    const answer = await fetch("v1/budgets"), json = await answer.json();
    if (!answer.ok) throw new Error(json.error);
    if (budgetsShown) drawBudgets(json);
  } catch (error) {
    if (budgetsShown && isNew) byID("budgets").replaceChildren(node("p", {class: "empty"}, error.message));
  }
  if (budgetsShown && isNew) byID("budgets").focus({preventScroll: true});
  if (budgetsShown) budgetTimer = setTimeout(() => loadBudgets(false), budgetRefresh);
};
const scalerLink = (place, {namespace, name}) => node("a", {href: `#/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`, id: `${place}-${namespace}/${name}`}, `${namespace}/${name}`);
const dataTable = (titles, rows) => node("div", {class: "sideways"}, node("table", {}, node("thead", {}, node("tr", {}, ...titles.map(title => node("th", {scope: "col"}, title)))),
  node("tbody", {}, ...rows.map(([first, ...rest]) => node("tr", {}, node("th", {scope: "row"}, first), ...rest.map(cell => node("td", {}, cell)))))));
const drawBudgets = json => {
  const box = byID("budgets"), held = document.activeElement?.id, scroll = box.scrollTop, parts = [node("h2", {}, "Budgets")];
  for (const budget of (json.budgets ?? []).sort((a, b) => isBinding(b) - isBinding(a))) parts.push(...budgetParts(budget));
  if (!json.budgets?.length) parts.push(node("p", {class: "soft"}, "There are no ScalingBudgets."));
  const costs = json.scalers.filter(row => row.budget);
  if (costs.length) {
    parts.push(node("h3", {}, "Cost policies"), dataTable(["Scaler", "Cost an hour", "At most", "Replicas at most"], costs.slice(0, 200).map(row =>
      [scalerLink("cost", row), short(row.budget.costPerHour), short(row.budget.maxCostPerHour), String(row.budget.cap)])));
    if (costs.length > 200) parts.push(node("p", {class: "soft"}, `And ${costs.length - 200} more: filter the list by "With a budget".`));
  }
  box.replaceChildren(...parts);
  box.scrollTop = scroll;
  if (held) byID(held)?.focus({preventScroll: true});
};
const isBinding = budget => budget.limits.some(limit => limit.binding);
const amounts = [["Limit", limit => limit.limit], ["Used", limit => limit.used], ["Free", limit => limit.free], ["Used without budget", limit => limit.demanded],
  ["Guaranteed", limit => limit.guaranteed], ["Lent", limit => limit.lent]];
const budgetParts = budget => {
  const filter = node("button", {type: "button", id: `filter-${budget.name}`}, "Show its scalers");
  filter.addEventListener("click", () => { byID("budget").value = budget.name; location.hash = ""; choose(); byID("budget").focus(); });
  const members = [...budget.members].sort((a, b) => Math.max(0, b.demand - b.cap) - Math.max(0, a.demand - a.cap) || b.replicas - a.replicas);
  return [
    node("div", {class: "top budget"}, node("h3", {}, budget.name), node("span", {class: `badge ${budget.valid === false ? "bad" : isBinding(budget) ? "warn" : "good"}`},
      budget.valid === false ? "Invalid" : isBinding(budget) ? "Binding" : budget.mode === "Report" ? "Report only" : "Sufficient"), filter),
    node("p", {class: "sentence"}, budget.message ?? ""),
    dataTable(["Unit", ...budget.limits.map(limit => limit.unit === "cost" ? "cost an hour" : limit.unit)], [
      ...amounts.map(([title, of]) => [title, ...budget.limits.map(limit => short(of(limit)))]),
      ["Denied replicas", ...budget.limits.map(limit => node("span", limit.deniedReplicas ? {class: "warn"} : {}, limit.deniedReplicas ? `${limit.deniedReplicas} (${counted(limit.deniedScalers, "scaler")})` : "none"))]]),
    dataTable(["Scaler", "Replicas", "Next without budget", "At most", "Denied"], members.map(one => [scalerLink(budget.name, one), String(one.replicas), String(one.demand), one.demand > one.cap ? String(one.cap) : "-",
      one.demand > one.cap ? node("span", {class: "warn"}, String(one.demand - one.cap)) : "none"])),
    ...(budget.memberCount > members.length ? [node("p", {class: "soft"}, `${members.length} of ${budget.memberCount} scalers are listed.`)] : []),
  ];
};
