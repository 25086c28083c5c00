import {shape} from "./config.js";
import {PluginError} from "./errors.js";

export const MAX_REQUEST_BYTES = 60 * 1024;
const MAX_RESPONSE_BYTES = 1 << 20;
const MAX_RANGE_POINTS = 10_000;
// The number of calls that the watchdog answered and whose code still runs. Beyond it, new calls get the error busy.
const MAX_ABANDONED_CALLS = 64;
const MAX_SUBSCRIPTIONS = 16_384;
// A late call is answered this share of its time before the deadline, within these bounds.
const WATCHDOG_SHARE = 0.1;
const WATCHDOG_MIN_MS = 5;
const WATCHDOG_MAX_MS = 100;
// The protocol demands a verdict on a config within 10 s.
const VALIDATION_MS = 9_500;
const MAX_INT32 = 2 ** 31 - 1;
const EXCERPT = 64;
const PUSH_SPACING_MS = 50;
const MAX_PUSHES_PER_SECOND = 2_000;
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

const excerpt = (text) => text.slice(0, EXCERPT);
// 1 and "1" are different ids.
const key = (id) => (typeof id === "string" ? `"${id}` : id);

/**
 * The conversation with one host, without I/O. `write` takes a line, `run` has the plugin's code answer a call, `cancel`
 * tells it that a call or a subscription is over.
 */
export class Session {
  #pending = new Map();
  #abandoned = new Set();
  #subscriptions = new Map();
  #waiting = new Map();
  #nextPush = new Map();
  #second = {start: 0, sent: 0};
  #pushTimer;
  #maxResponseBytes = MAX_RESPONSE_BYTES;
  #initialized = false;
  #lastToken = 0;
  isShutDown = false;

  constructor(identity, {write, run, cancel}) {
    this.identity = identity;
    Object.assign(this, {write, run, cancel});
  }

  get isIdle() { return this.#pending.size === 0; }

  receiveOverlong() {
    this.#replyError(null, new PluginError("invalid_request", `the line is longer than ${MAX_REQUEST_BYTES} bytes`));
  }

  /** Takes one line of the host, as bytes. */
  receive(bytes) {
    let message;
    try {
      const text = new TextDecoder("utf-8", {fatal: true, ignoreBOM: true}).decode(bytes);
      if (/^[ \t\r]*$/.test(text)) return;
      message = JSON.parse(text);
    } catch (error) {
      this.#replyError(null, new PluginError("parse_error", `the line is not JSON: ${error.message}`));
      return;
    }
    const members = typeof message === "object" && message !== null && !Array.isArray(message) ? message : {};
    const {id, method, params = {}} = members;
    if (members.jsonrpc !== "2.0" || typeof method !== "string") {
      this.#replyError(id ?? null, new PluginError("invalid_request", 'a request has jsonrpc "2.0" and a method'));
      return;
    }
    if (!Object.hasOwn(members, "id")) return this.#notified(method, params);
    try {
      this.#requested(id, method, params);
    } catch (error) {
      this.#replyError(id, error);
    }
  }

  #notified(method, params) {
    const call = method === "cancel" ? this.#pending.get(key(params?.id)) : undefined;
    if (call) this.#abandon(call, new PluginError("cancelled", "the host cancelled the call"));
  }

  #requested(id, method, params) {
    if (typeof id !== "number" && typeof id !== "string") {
      throw new PluginError("invalid_request", `id must be a number or a string, not ${shape(id)}`);
    }
    if (this.#pending.has(key(id))) throw new PluginError("invalid_request", `a call with id ${JSON.stringify(id)} is in flight`);
    if (!this.#initialized) {
      if (method !== "initialize") throw new PluginError("invalid_request", `${excerpt(method)} came before initialize`);
      return this.#initialize(id, params);
    }
    const {range, subscribe} = this.identity.capabilities;
    if (method === "initialize") throw new PluginError("invalid_request", "initialize came twice");
    if (method === "validate_config") return this.#validate(id, params);
    if (method === "get_metric_value") return this.#begin(id, method, params);
    if (method === "get_metric_range" && range) return this.#begin(id, method, params);
    if (method === "subscribe" && subscribe) return this.#begin(id, method, params);
    if (method === "unsubscribe" && subscribe) return this.#unsubscribe(id, params);
    if (method === "shutdown") return this.#shutDown(id);
    throw new PluginError("method_not_found", `the plugin has no method ${excerpt(method)}`);
  }

  #initialize(id, params) {
    const versions = member(params, "protocolVersions", "an array");
    if (!versions.includes(1)) {
      throw new PluginError("unsupported_version", `the plugin speaks protocol version 1, the host ${versions.join(", ")}: update the older one`);
    }
    const limit = params.limits?.maxResponseBytes;
    if (Number.isInteger(limit) && limit > 0) this.#maxResponseBytes = Math.min(this.#maxResponseBytes, limit);
    this.#initialized = true;
    this.#reply(id, this.identity);
  }

  #validate(id, params) {
    this.#checkType(params);
    const config = member(params, "config", "an object");
    this.#start({id, method: "validate_config", config}, VALIDATION_MS);
  }

  #begin(id, method, params) {
    this.#checkType(params);
    const config = member(params, "config", "an object");
    const targetType = member(params, "targetType", "a string");
    if (targetType !== "Value" && targetType !== "AverageValue") {
      throw invalid("targetType", `must be one of Value, AverageValue, not "${excerpt(targetType)}"`);
    }
    const window = method === "get_metric_range" ? readWindow(params) : undefined;
    const deadlineMs = whole(params, "deadlineMs");
    if (method === "subscribe") {
      if (!Number.isInteger(id)) {
        throw new PluginError("invalid_request", "the id of subscribe must be a whole number, because readings refer to it");
      }
      if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) {
        throw new PluginError("cannot_subscribe", `there are ${MAX_SUBSCRIPTIONS} subscriptions, which is the maximum`);
      }
    }
    this.#start({id, method, config, targetType, window}, deadlineMs);
  }

  #start(call, timeoutMs) {
    const limit = this.identity.capabilities.maxInFlight;
    if (this.#pending.size >= limit && call.method !== "validate_config") {
      throw new PluginError("busy", `${limit} calls are in flight, which is the plugin's maxInFlight`);
    }
    if (this.#abandoned.size >= MAX_ABANDONED_CALLS) {
      throw new PluginError("busy", `${this.#abandoned.size} calls still run although they were cancelled: restart the plugin`);
    }
    const margin = Math.min(Math.max(timeoutMs * WATCHDOG_SHARE, WATCHDOG_MIN_MS), WATCHDOG_MAX_MS);
    call.token = ++this.#lastToken;
    call.timer = setTimeout(() => {
      this.#abandon(call, new PluginError("deadline_exceeded", "no answer by the deadline"));
    }, Math.max(0, timeoutMs - margin));
    this.#pending.set(key(call.id), call);
    const {token, method, config, targetType, window} = call;
    this.run({token, method, config, targetType, window, timeoutMs: timeoutMs - margin});
  }

  #unsubscribe(id, params) {
    const subscription = whole(params, "subscription", 0, Number.MAX_SAFE_INTEGER);
    const call = this.#subscriptions.get(subscription);
    if (call) {
      this.#close(call);
      this.cancel(call.token);
    }
    this.#reply(id, {});
  }

  #shutDown(id) {
    for (const call of [...this.#pending.values()]) this.#abandon(call, new PluginError("cancelled", "the plugin was shut down"));
    this.#reply(id, {});
    this.isShutDown = true;
  }

  #checkType(params) {
    const type = member(params, "type", "a string");
    const known = this.identity.metricTypes[0].type;
    if (type !== known) {
      throw new PluginError("invalid_params", `the plugin has no metric type "${excerpt(type)}", only "${known}"`);
    }
  }

  // Results of the plugin's code, with secrets already redacted.

  #find(token) {
    this.#abandoned.delete(token);
    for (const call of this.#pending.values()) if (call.token === token) return call;
    return undefined;
  }

  #take(token) {
    const call = this.#find(token);
    if (call) {
      clearTimeout(call.timer);
      this.#pending.delete(key(call.id));
    }
    return call;
  }

  finish(token, result) {
    const call = this.#take(token);
    if (!call) return;
    if (call.method === "subscribe") this.#subscriptions.set(call.id, call);
    this.#reply(call.id, result);
  }

  fail(token, error) {
    const call = this.#take(token);
    if (call) this.#send({jsonrpc: "2.0", id: call.id, error});
  }

  /** Answers every call in flight with an error: the process is about to exit. */
  failAll(error) {
    for (const {token} of [...this.#pending.values()]) this.fail(token, error);
  }

  push(token, reading) {
    for (const call of this.#subscriptions.values()) {
      if (call.token !== token) continue;
      this.#waiting.set(call.id, reading);
      this.#pushDue();
    }
  }

  endSubscription(token, message) {
    for (const call of this.#subscriptions.values()) {
      if (call.token !== token) continue;
      const reading = this.#waiting.get(call.id);
      if (reading) this.#sendReading(call.id, reading);
      this.#close(call);
      this.#send({jsonrpc: "2.0", method: "subscription_ended", params: {subscription: call.id, message}});
    }
  }

  #close(call) {
    this.#subscriptions.delete(call.id);
    this.#waiting.delete(call.id);
    this.#nextPush.delete(call.id);
  }

  #pushDue() {
    const now = performance.now();
    if (now - this.#second.start >= 1_000) this.#second = {start: now, sent: 0};
    let wait = Infinity;
    for (const [id, reading] of this.#waiting) {
      let due = (this.#nextPush.get(id) ?? 0) - now;
      if (due <= 0 && this.#second.sent >= MAX_PUSHES_PER_SECOND) due = this.#second.start + 1_000 - now;
      if (due > 0) {
        wait = Math.min(wait, due);
        continue;
      }
      this.#second.sent += 1;
      this.#nextPush.set(id, now + PUSH_SPACING_MS);
      this.#waiting.delete(id);
      this.#sendReading(id, reading);
    }
    clearTimeout(this.#pushTimer);
    if (wait !== Infinity) this.#pushTimer = setTimeout(() => this.#pushDue(), Math.ceil(wait));
  }

  #sendReading(subscription, reading) {
    this.#send({jsonrpc: "2.0", method: "reading", params: {subscription, ...reading}});
  }

  #abandon(call, error) {
    clearTimeout(call.timer);
    if (this.#pending.get(key(call.id)) !== call) return;
    this.#pending.delete(key(call.id));
    this.#abandoned.add(call.token);
    this.cancel(call.token);
    this.#replyError(call.id, error);
  }

  #reply(id, result) { this.#send({jsonrpc: "2.0", id, result}); }
  #replyError(id, error) { this.#send({jsonrpc: "2.0", id, error: error.toObject()}); }

  #send(message) {
    let line = JSON.stringify(message);
    const bytes = Buffer.byteLength(line);
    if (bytes > this.#maxResponseBytes) {
      if (!Object.hasOwn(message, "id")) return;
      const text = `the answer has ${bytes} bytes; the maximum is ${this.#maxResponseBytes}`;
      line = JSON.stringify({jsonrpc: "2.0", id: message.id, error: new PluginError("internal_error", text).toObject()});
    }
    this.write(`${line}\n`);
  }
}

function invalid(path, message) {
  return new PluginError("invalid_params", path ? `${path}: ${message}` : message, {path});
}

function member(params, name, expected) {
  if (shape(params) !== "an object") throw invalid("", `must be an object, not ${shape(params)}`);
  const value = params[name];
  if (value === undefined || value === null) throw invalid(name, "is required");
  if (shape(value) !== expected) throw invalid(name, `must be ${expected}, not ${shape(value)}`);
  return value;
}

function whole(params, name, least = 1, most = MAX_INT32) {
  const value = params?.[name];
  if (value === undefined || value === null) throw invalid(name, "is required");
  if (typeof value !== "number") throw invalid(name, `must be a whole number, not ${shape(value)}`);
  if (!Number.isInteger(value)) throw invalid(name, `must be a whole number, not ${value}`);
  if (value < least) throw invalid(name, `must be at least ${least}, not ${value}`);
  if (value > most) throw invalid(name, `must be from ${least} to ${most}, not ${value}`);
  return value;
}

function readWindow(params) {
  const [from, to] = ["from", "to"].map((name) => {
    const text = member(params, name, "a string");
    const time = TIME.test(text) ? Date.parse(text) : NaN;
    if (Number.isNaN(time)) throw invalid(name, "must be an RFC 3339 time, such as 2026-01-02T03:04:05Z");
    return time;
  });
  const stepSeconds = whole(params, "stepSeconds");
  if (to < from || Math.floor((to - from) / 1_000 / stepSeconds) >= MAX_RANGE_POINTS) {
    throw invalid("to", `must be at or after from, and at most ${MAX_RANGE_POINTS} steps long`);
  }
  return {from, to, stepSeconds};
}
