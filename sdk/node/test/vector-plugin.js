#!/usr/bin/env node
// The plugin that the SDK's vectors are sent to.
import {PluginError, field, run} from "../index.js";

const behaviors = ["answer", "none", "nan", "fail", "rate", "leak", "print", "wait", "limit", "activity"];
const server = {
  port: field.integer("Port.", {minimum: 1, maximum: 65_535}),
  cert: field.string("Certificate.", {optional: true}),
  key: field.secret("Key.", {optional: true}),
};
const goesTogether = ({cert, key}) => (!cert === !key ? [] : [{path: "key", message: "goes with cert"}]);

run({
  type: "vector",
  description: "What its config says.",
  version: "1.0.0",
  targetType: "Value",
  maxInFlight: 4,
  config: {
    behavior: field.choice("What a call does.", behaviors, {default: "answer"}),
    value: field.number("The value.", {default: 1, minimum: 0}),
    unit: field.string("The unit.", {optional: true}),
    count: field.integer("A count.", {default: 10, minimum: 1, maximum: 300}),
    strict: field.boolean("Whether to be strict.", {default: false}),
    token: field.secret("A token.", {optional: true}),
    address: field.string("The server.", {optional: true, address: true}),
    namespace: field.string("The scaler's namespace.", {optional: true, from: "scaler.namespace"}),
    servers: field.list("Servers.", field.object("A server.", server, {validate: goesTogether}), {default: []}),
    labels: field.map("Labels.", field.string("A label."), {default: {}}),
  },
  value({behavior, value, unit, token, count, strict}) {
    if (behavior === "none") throw new PluginError("no_data", "the queue does not exist");
    if (behavior === "nan") return NaN;
    if (behavior === "fail") throw new PluginError("not_found", "there is no such thing", {path: "value"});
    if (behavior === "rate") throw new PluginError("rate_limited", "slow down", {retryAfterMs: 1_500});
    if (behavior === "leak") throw new PluginError("auth_failed", `the server refuses ${unit ?? token?.reveal()}`);
    if (behavior === "print") console.log("a stray print");
    // Blocks the whole thread for longer than the call's deadline.
    if (behavior === "wait") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
    if (behavior === "limit") return {value, unit, usefulReplicas: strict ? -1 : count};
    if (behavior === "activity") return {value, unit, active: strict};
    return {value, unit};
  },
  range: ({behavior, value}, {window}) => (behavior === "none" ? [] : window.times.map((at) => ({at, value}))),
  async *subscribe({behavior, value, unit}, {signal}) {
    if (behavior === "fail") throw new PluginError("cannot_subscribe", "the source reports no changes");
    yield {value, unit};
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
});
