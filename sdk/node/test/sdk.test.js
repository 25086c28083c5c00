import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {once} from "node:events";
import {createServer} from "node:net";
import {inspect} from "node:util";
import {test} from "node:test";
import {PluginError, Secret, field} from "../index.js";
import {redact} from "../redaction.js";
import {Host} from "../testing.js";

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

test("an unexpected error is one line for the host, and logged with its stack, its message last, and without secrets", async () => {
  const value = ({token}) => { throw new TypeError(`not\n  a number: ${token.reveal()}`, {cause: new RangeError("deep")}); };
  const log = await logged(async () => {
    const failure = {kind: "internal_error", message: "deep"};
    await assert.rejects(new Host(queue({value})).value({name: "q", token: SECRET}), failure);
  });
  assert.match(log, /^ +at .*sdk\.test\.js/m);
  assert.ok(!log.includes("node/index.js"), log);
  assert.equal(log.trimEnd().split("\n").slice(-2).join("\n"), "TypeError: not\n  a number: ***");
  assert.match(log, /^RangeError: deep$/m);
});

test("a source at which every call fails does not fill the log", async () => {
  const host = new Host(queue({value: () => { throw new TypeError("x\n".repeat(100)); }}));
  const log = await logged(async () => {
    for (let call = 0; call < 9; call += 1) await assert.rejects(host.value({name: "q"}), {message: /^x( x)+$/});
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
    await assert.rejects(host.value({name: "q", token: SECRET}), {kind: "internal_error", message: "***"});
    await assert.rejects(host.validate({name: "q", token: SECRET}), {kind: "internal_error", message: "***"});
    assert.deepEqual(await host.validate({name: "bad", token: SECRET}), [{path: "token", message: "*** is too old"}]);
  });
  assert.match(log, /at .*validate/);
  assert.ok(!log.includes(SECRET), log);
});

test("the last line of a plugin that ends with an error is the error's message", async () => {
  const url = new URL("../index.js", import.meta.url);
  const program = `import {run} from "${url}"; run({type: "t", description: "d", version: "1", value: () => 1});`;
  for (const [ending, message] of [
    ["setTimeout(() => { throw new RangeError('too far'); }, 1)", "RangeError: too far"],
    ["Promise.reject(new TypeError('rejected'))", "TypeError: rejected"],
  ]) {
    const plugin = spawn(process.execPath, ["--input-type=module", "--eval", `${program}\n${ending}`], {stdio: ["pipe", "ignore", "pipe"]});
    let errors = "";
    plugin.stderr.on("data", (piece) => { errors += piece; });
    const [code] = await once(plugin, "close");
    assert.equal(code, 1);
    assert.equal(errors.trimEnd().split("\n").at(-1), message);
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
