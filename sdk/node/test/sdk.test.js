import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {once} from "node:events";
import {createServer} from "node:net";
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {inspect} from "node:util";
import {after, test} from "node:test";
import {PluginError, Secret, field} from "../index.js";
import {redact} from "../redaction.js";
import {Host} from "../testing.js";

const folder = mkdtempSync(join(tmpdir(), "sdk-"));
after(() => rmSync(folder, {recursive: true}));

const SECRET = "pa$$ wörd/42+x";

const queue = (parts) => ({
  type: "queue",
  description: "The length of a queue.",
  version: "1.2.3",
  maxInFlight: 2,
  config: {
    name: field.string("The queue."),
    length: field.number("Its length.", {default: 2.5, minimum: 0}),
    token: field.secret("A token.", {optional: true}),
  },
  value: ({length}) => length,
  ...parts,
});

test("every fault is reported with its path", async () => {
  const host = new Host(queue());
  assert.deepEqual(await host.validate({length: -0.125, nmae: "x"}), [
    {path: "name", message: "is required: The queue."},
    {path: "length", message: "must be at least 0, not -0.125"},
    {path: "nmae", message: "is not a known field; known fields: name, length, token"},
  ]);
});

test("names of object members that JavaScript objects inherit are unknown fields", async () => {
  const problems = await new Host(queue()).validate(JSON.parse('{"name": "q", "__proto__": 1, "constructor": 2}'));
  assert.deepEqual(problems.map(({path}) => path), ["__proto__", "constructor"]);
});

test("a value is answered", async () => {
  const {value, observedAt} = await new Host(queue()).value({name: "q", length: 0.375});
  assert.equal(value, 0.375);
  assert.ok(Date.now() - Date.parse(observedAt) < 60_000);
});

test("a call that never returns is answered and does not hold up others", async () => {
  const host = new Host(queue({value: ({name}) => (name === "stuck" ? new Promise(() => {}) : 1)}));
  for (let round = 0; round < 3; round += 1) {
    await assert.rejects(host.value({name: "stuck"}, {milliseconds: 50}), {kind: "deadline_exceeded"});
    assert.equal((await host.value({name: "q"})).value, 1);
  }
});

test("a missing value is no data and not zero", async () => {
  for (const value of [null, undefined, NaN, Infinity]) {
    await assert.rejects(new Host(queue({value: () => value})).value({name: "q"}), {kind: "no_data"});
  }
});

test("a refused connection is an unreachable source", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const {port} = server.address();
  server.close();
  await once(server, "close");
  const value = () => fetch(`http://127.0.0.1:${port}/`);
  await assert.rejects(new Host(queue({value})).value({name: "q"}), {kind: "source_unreachable"});
});

/** What is written to standard error meanwhile. */
async function logged(run) {
  const {write} = process.stderr;
  let text = "";
  process.stderr.write = (piece) => { text += piece; return true; };
  try {
    await run();
  } finally {
    process.stderr.write = write;
  }
  return text;
}

test("an unexpected error is one line with its class for the host, and logged with its message first and without secrets", async () => {
  const value = ({token}) => { throw new TypeError(`not\n  a number: ${token.reveal()}`, {cause: new RangeError("deep")}); };
  const log = await logged(async () => {
    const failure = {kind: "internal_error", message: "TypeError: not a number: ***, caused by RangeError: deep"};
    await assert.rejects(new Host(queue({value})).value({name: "q", token: SECRET}), failure);
  });
  assert.match(log, /^TypeError: not\n  a number: \*\*\*\n +at .*sdk\.test\.js[^]*\ncaused by RangeError: deep\n +at .*sdk\.test\.js/);
  assert.ok(!log.includes("node/index.js"), log);
});

test("the message of an error without a class of its own names its class", async () => {
  class QueueError extends Error {}
  for (const [thrown, message] of [
    [new QueueError("too long"), "QueueError: too long"], [new Error(), "Error"], ["a text", "a text"], [null, "null"],
    [Object.create(null, {a: {value: 1, enumerable: true}}), "[Object: null prototype] { a: 1 }"],
  ]) {
    const host = new Host(queue({value() { throw thrown; }}));
    await logged(() => assert.rejects(host.value({name: "q"}), {kind: "internal_error", message}));
  }
});

test("a long message leaves room for the stack", async () => {
  const value = () => { throw new TypeError("x\n".repeat(100)); };
  const log = await logged(() => assert.rejects(new Host(queue({value})).value({name: "q"}), {kind: "internal_error"}));
  assert.match(log, /^ +at .*sdk\.test\.js/m);
});

test("a source at which every call fails does not fill the log", async () => {
  const host = new Host(queue({value: () => { throw new TypeError("x\n".repeat(100)); }}));
  const log = await logged(async () => {
    for (let call = 0; call < 9; call += 1) await assert.rejects(host.value({name: "q"}), {message: /^TypeError: x( x)+$/});
  });
  assert.equal(log.split("lines are omitted").length - 1, 4);
  assert.ok(log.split("\n").length < 200, log);
});

test("a check that throws or reports a secret does not show it", async () => {
  const host = new Host(queue({
    validate({name, token}) {
      if (name === "bad") return [{path: "token", message: `${token.reveal()} is too old`}];
      throw new TypeError(token.reveal());
    },
  }));
  const log = await logged(async () => {
    await assert.rejects(host.value({name: "q", token: SECRET}), {kind: "internal_error", message: "TypeError: ***"});
    await assert.rejects(host.validate({name: "q", token: SECRET}), {kind: "internal_error", message: "TypeError: ***"});
    assert.deepEqual(await host.validate({name: "bad", token: SECRET}), [{path: "token", message: "*** is too old"}]);
  });
  assert.match(log, /at .*validate/);
  assert.ok(!log.includes(SECRET), log);
});

/** A plugin process with these parts of a plugin. Its input stays open. */
class Process {
  constructor(parts, end = "") {
    const url = new URL("../index.js", import.meta.url);
    const program = `import {field, run} from "${url}"; import {execFileSync, spawn} from "node:child_process";
      run({type: "t", description: "d", version: "1", config: {token: field.secret("A token.", {optional: true})}, ${parts}}); ${end}`;
    const file = join(mkdtempSync(join(folder, "plugin-")), "plugin.mjs");
    writeFileSync(file, program);
    this.plugin = spawn(process.execPath, [file], {stdio: ["pipe", "pipe", "pipe"]});
    this.errors = "";
    this.plugin.stderr.on("data", (piece) => { this.errors += piece; });
    this.output = "";
    this.plugin.stdout.on("data", (piece) => { this.output += piece; });
    this.closed = once(this.plugin, "close");
    this.send(0, "initialize", {protocolVersions: [1]});
  }

  send(id, method, params) { this.plugin.stdin.write(`${JSON.stringify({jsonrpc: "2.0", id, method, params})}\n`); }

  value(id, token) { this.send(id, "get_metric_value", {type: "t", config: {token}, targetType: "Value", deadlineMs: 60_000}); }

  /** The answer with this id, once it is there. */
  async answer(id) {
    for (;;) {
      const found = this.output.split("\n").slice(0, -1).map((line) => JSON.parse(line)).find((message) => message.id === id);
      if (found) return found;
      await once(this.plugin.stdout, "data");
    }
  }

  /** The exit status, and the answers to the calls 1 and 2. */
  async end() {
    const [status, signal] = await this.closed;
    const answers = this.output.trimEnd().split("\n").map((line) => JSON.parse(line));
    return {status, signal, messages: [1, 2].map((id) => answers.find((answer) => answer.id === id)?.error?.message)};
  }
}

test("an error that nothing catches answers the calls in flight and ends the plugin while its input is open", async () => {
  for (const [code, message] of [
    ["setTimeout(() => { throw new RangeError(`too far: ${token?.reveal()}`); }, 1)", "RangeError: too far: ***"],
    ["Promise.reject(new TypeError(`rejected: ${token?.reveal()}`))", "TypeError: rejected: ***"],
    ["setTimeout(() => Promise.reject(token?.reveal()), 1)", "***"],
  ]) {
    const plugin = new Process(`value({token}) { if (token) ${code}; return new Promise(() => {}); }`);
    plugin.value(1);
    plugin.value(2, "s3cr3t-token");
    assert.deepEqual(await plugin.end(), {status: 1, signal: null, messages: [message, message]});
    assert.equal(plugin.errors.trimEnd().split("\n").at(-1), `uncaught ${message}`);
    assert.match(plugin.errors, message.includes(":") ? /^(Range|Type)Error: .*\n +at .*plugin\.mjs/ : /^\*\*\*\n/);
    assert.ok(!plugin.errors.includes("s3cr3t"), plugin.errors);
  }
});

test("a rejection that floats after its call was answered ends the plugin, without the call's secrets", async () => {
  const plugin = new Process("value({token}) { setTimeout(() => Promise.reject(new TypeError(token.reveal())), 1); return 1; }");
  plugin.value(1, "s3cr3t-token");
  assert.equal((await plugin.answer(1)).result.value, 1);
  assert.equal((await plugin.end()).status, 1);
  assert.match(plugin.errors, /\nuncaught TypeError: \*\*\*\n$/);
});

test("an error that nothing catches ends the plugin while the host does not read", async () => {
  const plugin = new Process("value() { setTimeout(() => { throw new Error('late'); }, 1); return {value: 1, detail: 'x'.repeat(900_000)}; }");
  plugin.plugin.stdout.pause();
  plugin.value(1);
  const [status, signal] = await once(plugin.plugin, "exit");
  assert.deepEqual({status, signal}, {status: null, signal: "SIGKILL"});
  plugin.plugin.stdout.resume();
  await plugin.closed;
  assert.match(plugin.errors, /\nuncaught Error: late\n$/);
});

test("process.exit in a call ends the plugin at once with its status", async () => {
  const plugin = new Process("value: ({token}) => (token ? process.exit(4) : new Promise(() => {}))");
  plugin.value(1);
  plugin.value(2, "s3cr3t-token");
  const message = "the plugin's code ended the process with the status 4";
  assert.deepEqual(await plugin.end(), {status: 4, signal: null, messages: [message, message]});
});

test("the last line of a plugin that ends at its start is the error's message", async () => {
  for (const [ending, message] of [
    ["setTimeout(() => { throw new RangeError('too far'); }, 1)", "uncaught RangeError: too far"],
    ["await Promise.reject(new TypeError('rejected'))", "uncaught TypeError: rejected"],
  ]) {
    const plugin = new Process("value: () => 1", ending);
    assert.equal((await plugin.end()).status, 1);
    assert.equal(plugin.errors.trimEnd().split("\n").at(-1), message);
  }
});

test("a default of the wrong type is refused at the start, with the field, its type and the default", async () => {
  const port = field.object("A server.", {port: field.integer("Port.", {default: 0.5})});
  for (const [config, message] of [
    [{user: field.string("A user.", {default: 5})},
     "config field `user` of type string cannot have the default 5: must be a string, not a number"],
    [{server: port}, "config field `server.port` of type integer cannot have the default 0.5: must be a whole number, not 0.5"],
    [{all: field.list("All.", port)}, /^config field `all\[\]\.port` of type integer/],
    [{words: field.list("Words.", field.string("A word."), {default: ["a", 1]})}, /the default \["a",1\]: words\[1\] must be a string/],
    [{mode: field.choice("A mode.", ["a"], {default: "b"})}, /the default "b": must be one of a, not "b"/],
    [{name: "a text"}, "config field `name` is not declared: write field.string(...)"],
  ]) assert.throws(() => new Host(queue({config})), {name: "TypeError", message});
  const plugin = new Process("value: () => 1, config: {user: field.string('A user.', {default: 5})}");
  assert.equal((await plugin.end().catch(() => ({status: plugin.plugin.exitCode}))).status, 1);
  assert.match(plugin.errors, /\nuncaught TypeError: config field `user` of type string cannot have the default 5/);
});

/** Whether a process has exited. One that is not waited for keeps its entry, with the state Z. */
function hasEnded(id) {
  try {
    return readFileSync(`/proc/${id}/stat`, "latin1").includes(") Z ");
  } catch {
    return true;
  }
}

test("what a plugin started has ended when it exits", {skip: process.platform !== "linux"}, async () => {
  for (const [code, ends] of [
    ["spawn('sh', ['-c', `sleep 61 & echo $! >&2; exec sleep 61`], {stdio: ['ignore', 'ignore', 'inherit']}); return 1;", (plugin) => plugin.plugin.stdin.end()],
    ["execFileSync('sh', ['-c', `echo $$ >&2; exec sleep 61`], {stdio: ['ignore', 'ignore', 'inherit']});", (plugin) => plugin.plugin.stdin.end()],
    ["spawn('sh', ['-c', `echo $$ >&2; exec sleep 61`], {stdio: ['ignore', 'ignore', 'inherit']}); return 1;", (plugin) => plugin.send(3, "shutdown", {})],
  ]) {
    const plugin = new Process(`value() { ${code} }`);
    plugin.value(1);
    while (!/\d+\n/.test(plugin.errors)) await once(plugin.plugin.stderr, "data");
    const child = Number.parseInt(plugin.errors, 10);
    ends(plugin);
    const [status] = await once(plugin.plugin, "exit");
    assert.equal(status, 0);
    // A killed process ends once it runs again.
    const deadline = Date.now() + 20_000;
    while (!hasEnded(child)) {
      assert.ok(Date.now() < deadline, code);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
});

test("a secret is redacted in every encoding", () => {
  for (const before of ["", "u", "us", "use"]) {
    const encoded = Buffer.from(`${before}${SECRET}!`).toString("base64");
    assert.ok(redact(`Basic ${encoded}`, [SECRET]).includes("***"), before);
  }
  assert.equal(redact(encodeURIComponent(SECRET), [SECRET]), "***");
  assert.equal(redact("abcde is short", ["abcde"]), "abcde is short");
});

test("a secret does not print", () => {
  const secret = new Secret(SECRET);
  for (const text of [`${secret}`, inspect(secret), JSON.stringify({secret}), String(secret)]) assert.ok(!text.includes(SECRET), text);
});

test("readings are pushed until the subscription ends", async () => {
  const host = new Host(queue({
    async *subscribe() {
      yield {value: 0.5};
      throw new PluginError("source_unreachable", "the queue went away");
    },
  }));
  await host.subscribe({name: "q"});
  assert.equal((await host.nextReading()).value, 0.5);
  await assert.rejects(host.nextReading(), {message: "the queue went away"});
});
