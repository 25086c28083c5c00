const EXCERPT = 64;

/** A password, a token or a key. It prints as `***`; only `reveal()` returns the text. */
export class Secret {
  #text;

  constructor(text) { this.#text = text; }

  reveal() { return this.#text; }
  toString() { return "***"; }
  toJSON() { return "***"; }
  [Symbol.for("nodejs.util.inspect.custom")]() { return "***"; }
}

class Field {
  constructor(help, schema, read, {default: standard, optional = false, minimum, maximum, address = false, from, fields, element} = {}) {
    if (typeof help !== "string") throw new TypeError("a field starts with its meaning: field.string(\"The queue's name.\")");
    Object.assign(this, {help, schemaOf: schema, readValue: read, standard, optional, minimum, maximum, address, from, fields, element});
  }

  get isRequired() { return this.standard === undefined && !this.optional; }

  schema() {
    const schema = {...this.schemaOf(), description: this.help};
    if (this.standard !== undefined) schema.default = this.standard;
    if (this.minimum !== undefined) schema.minimum = this.minimum;
    if (this.maximum !== undefined) schema.maximum = this.maximum;
    if (this.address) schema["x-address"] = true;
    if (this.from !== undefined) schema["x-from"] = this.from;
    if (schema.type === "string" && !schema.enum) schema.minLength = 1;
    return schema;
  }

  /** Throws if the default, or that of a field inside, is not one that a config could have. */
  check(path) {
    const problems = [];
    if (this.standard !== undefined) this.readValue(this.standard, path, problems);
    if (problems.length) {
      const message = problems[0].path === path ? problems[0].message : `${problems[0].path} ${problems[0].message}`;
      const standard = JSON.stringify(this.standard);
      throw new TypeError(`config field \`${path}\` of type ${this.schemaOf().type} cannot have the default ${standard}: ${message}`);
    }
    if (this.fields) checkFields(this.fields, path);
    this.element?.check(`${path}[]`);
  }

  read(value, path, problems) {
    if (value === undefined || value === null) {
      if (this.standard !== undefined) return this.readValue(structuredClone(this.standard), path, problems);
      if (!this.optional) problems.push({path, message: `is required: ${this.help}`});
      return undefined;
    }
    if (value === "") return wrong(problems, path, "must not be empty");
    const count = problems.length;
    const result = this.readValue(value, path, problems);
    if (problems.length === count && typeof value === "number" && (value < this.minimum || value > this.maximum)) {
      return wrong(problems, path, `must be ${this.#bounds()}, not ${value}`);
    }
    return result;
  }

  #bounds() {
    if (this.minimum !== undefined && this.maximum !== undefined) return `from ${this.minimum} to ${this.maximum}`;
    return this.minimum !== undefined ? `at least ${this.minimum}` : `at most ${this.maximum}`;
  }
}

function wrong(problems, path, message) {
  problems.push({path, message});
  return undefined;
}

const mismatch = (problems, path, expected, value) => wrong(problems, path, `must be ${expected}, not ${shape(value)}`);
const join = (path, name) => (path && name ? `${path}.${name}` : path || name);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** What a message calls a JSON value. */
export function shape(value) {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "an array";
  return {boolean: "a boolean", number: "a number", string: "a string"}[typeof value] ?? "an object";
}

const readers = {
  string: (value, path, problems) => (typeof value === "string" ? value : mismatch(problems, path, "a string", value)),
  secret: (value, path, problems) => (typeof value === "string" ? new Secret(value) : mismatch(problems, path, "a string", value)),
  boolean: (value, path, problems) => (typeof value === "boolean" ? value : mismatch(problems, path, "true or false", value)),
  number: (value, path, problems) => (Number.isFinite(value) ? value : mismatch(problems, path, "a number", value)),
  integer: (value, path, problems) => {
    if (typeof value !== "number") return mismatch(problems, path, "a whole number", value);
    return Number.isInteger(value) ? value : wrong(problems, path, `must be a whole number, not ${value}`);
  },
};

/** Declares the fields of a config. */
export const field = {
  string: (help, options) => new Field(help, () => ({type: "string"}), readers.string, options),
  secret: (help, options) => new Field(help, () => ({type: "string", "x-secret": true}), readers.secret, options),
  boolean: (help, options) => new Field(help, () => ({type: "boolean"}), readers.boolean, options),
  number: (help, options) => new Field(help, () => ({type: "number"}), readers.number, options),
  integer: (help, options) => new Field(help, () => ({type: "integer"}), readers.integer, options),
  choice: (help, choices, options) => new Field(help, () => ({type: "string", enum: choices}), (value, path, problems) => {
    if (typeof value !== "string") return mismatch(problems, path, "a string", value);
    if (choices.includes(value)) return value;
    return wrong(problems, path, `must be one of ${choices.join(", ")}, not "${value.slice(0, EXCERPT)}"`);
  }, options),
  object: (help, fields, {validate, ...options} = {}) =>
    new Field(help, () => schemaOf(fields), (value, path, problems) => readObject(fields, validate, value, path, problems), {...options, fields}),
  list: (help, element, options) => new Field(help, () => ({type: "array", items: elementSchema(element)}), (value, path, problems) => {
    if (!Array.isArray(value)) return mismatch(problems, path, "an array", value);
    return value.map((item, index) => element.readValue(item, `${path}[${index}]`, problems));
  }, {...options, element}),
  map: (help, element, options) => new Field(help, () => ({type: "object", additionalProperties: elementSchema(element)}), (value, path, problems) => {
    if (!isObject(value)) return mismatch(problems, path, "an object", value);
    const names = Object.keys(value).sort();
    return Object.fromEntries(names.map((name) => [name, element.readValue(value[name], join(path, name), problems)]));
  }, {...options, element}),
};

/** Throws if a field is not declared well. */
export function checkFields(fields, path = "") {
  for (const [name, declared] of Object.entries(fields)) {
    if (!(declared instanceof Field)) throw new TypeError(`config field \`${join(path, name)}\` is not declared: write field.string(...)`);
    declared.check(join(path, name));
  }
}

function elementSchema(element) {
  return element.schemaOf();
}

/** The JSON Schema (2020-12) of an object with these fields. */
export function schemaOf(fields) {
  const properties = Object.fromEntries(Object.entries(fields).map(([name, declared]) => [name, declared.schema()]));
  const required = Object.keys(fields).filter((name) => fields[name].isRequired);
  return {type: "object", properties, additionalProperties: false, ...(required.length ? {required} : {})};
}

function readObject(fields, validate, value, path, problems) {
  if (!isObject(value)) return mismatch(problems, path, "an object", value);
  const count = problems.length;
  const config = {};
  for (const [name, declared] of Object.entries(fields)) {
    config[name] = declared.read(Object.hasOwn(value, name) ? value[name] : undefined, join(path, name), problems);
  }
  for (const name of Object.keys(value).filter((name) => !Object.hasOwn(fields, name)).sort()) {
    problems.push({path: join(path, name), message: `is not a known field; known fields: ${Object.keys(fields).join(", ")}`});
  }
  if (problems.length === count && validate) {
    for (const found of validate(config) ?? []) problems.push({path: join(path, found.path), message: found.message});
  }
  return config;
}

/** Reads a config: `{config, problems}`, where problems is empty if the config is valid. */
export function parseConfig(fields, validate, value) {
  const problems = [];
  const config = readObject(fields, validate, value, "", problems);
  return {config, problems};
}

/** The texts of all secrets in a config, which need not be valid. */
export function secretsAt(schema, value) {
  if (typeof value === "string") return schema?.["x-secret"] ? [value] : [];
  if (typeof value !== "object" || value === null || !schema) return [];
  if (Array.isArray(value)) return value.flatMap((element) => secretsAt(schema.items, element));
  const fields = schema.properties ?? {};
  return Object.entries(value).flatMap(([name, member]) =>
    secretsAt(Object.hasOwn(fields, name) ? fields[name] : schema.additionalProperties, member));
}
