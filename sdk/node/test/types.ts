// Compiled only: the types that a plugin author sees.
import {PluginError, Secret, field, run} from "../index.js";
import {Host} from "../testing.js";

const plugin = {
  type: "queue",
  description: "The length of a queue.",
  version: "1.0.0",
  config: {
    name: field.string("The queue.", {address: true}),
    token: field.secret("A token.", {optional: true}),
    limit: field.integer("Largest value.", {default: 10, minimum: 1}),
    mode: field.choice("What to count.", ["ready", "all"]),
    servers: field.list("Servers.", field.object("A server.", {port: field.integer("Port.")})),
  },
};

run({
  ...plugin,
  value({name, token, limit, mode, servers}, {signal, millisecondsLeft}) {
    const text: string = name;
    const secret: Secret | undefined = token;
    const choice: "ready" | "all" = mode;
    if (signal.aborted) throw new PluginError("cancelled", `${text} ${secret} ${choice}`, {path: "name"});
    return {value: limit + servers[0].port + millisecondsLeft, unit: "jobs"};
  },
  range: (_, {window}) => window.times.map((at) => ({at, value: null})),
  async *subscribe({limit}) {
    yield limit;
  },
});

// @ts-expect-error A plugin needs a value.
run({type: "a", description: "b", version: "c"});
// @ts-expect-error A required text is no number.
run({...plugin, value: ({name}) => name * 2});

const host = new Host({...plugin, value: () => 1});
host.value({name: "q"}).then(({value}) => value.toFixed());
