import assert from "node:assert/strict";
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
