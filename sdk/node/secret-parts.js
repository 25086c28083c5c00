import {Buffer} from "node:buffer";

// A shorter part occurs in ordinary words.
const MIN_PART_BYTES = 8;
// Connection strings have one or two.
const MAX_PARTS = 16;
// Keys that name a credential; a text with more is examined no further.
const MAX_NAMED_VALUES = 16;
// A longer text is examined no further.
const MAX_EXAMINED_BYTES = 4_096;

const CREDENTIAL = /(password|passwd|pwd|passphrase|secret|token|key|credential|signature)$|^(pass|sig|auth)$/;

/** The credentials in a secret such as `postgres://user:password@host/db`, as they are written and decoded. */
export function secretParts(secret) {
  // Latin-1: one character for each byte.
  const text = secret.subarray(0, MAX_EXAMINED_BYTES).toString("latin1");
  const found = [];
  for (const part of [...userInfo(text), ...namedValues(text)]) {
    for (const form of [part, percentDecoded(part)]) {
      const isPart = form.length >= MIN_PART_BYTES && form.length < text.length;
      if (isPart && !found.includes(form) && found.length < MAX_PARTS) found.push(form);
    }
  }
  return found.map((part) => Buffer.from(part, "latin1"));
}

const percentDecoded = (text) =>
  text.replace(/%([0-9a-fA-F]{2})/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));

function userInfo(text) {
  const scheme = text.indexOf("://");
  const rest = scheme >= 0 ? text.slice(scheme + 3) : text;
  const authority = prefix(rest, "/?#");
  const isPlain = scheme >= 0 && authority.includes("@");
  // A password may hold a slash that should have been escaped.
  const place = isPlain ? authority : rest;
  const at = place.lastIndexOf("@");
  if (at < 0) return [];
  const info = place.slice(0, at);
  const colon = info.indexOf(":");
  if (colon >= 0) return [info.slice(colon + 1)];
  // A user without a password is often a token.
  return isPlain ? [info] : [];
}

/** The values of `password=...` in a query or a connection string, with whichever separator. */
function namedValues(text) {
  const found = [];
  let values = 0;
  for (let equals = text.indexOf("="); equals >= 0 && values < MAX_NAMED_VALUES; equals = text.indexOf("=", equals + 1)) {
    if (!namesCredential(text, equals)) continue;
    values += 1;
    let start = equals + 1;
    while (isBlank(text[start])) start += 1;
    const value = text.slice(start);
    if (value[0] === "'" || value[0] === '"') found.push(...quoted(value));
    else if (value[0] === "{") found.push(prefix(value.slice(1), "}"));
    else for (const separators of [";", "&#", " \t\r\n", ","]) found.push(prefix(value, separators));
  }
  return found;
}

const isBlank = (character) => character !== undefined && " \t\r\n".includes(character);

function prefix(text, separators) {
  let end = 0;
  while (end < text.length && !separators.includes(text[end])) end += 1;
  return text.slice(0, end);
}

/** The value as written and as meant: a quote in it is doubled, or stands behind a backslash. */
function quoted(value) {
  const quote = value[0];
  let plain = "";
  let index = 1;
  while (index < value.length) {
    const next = value[index + 1];
    if (next !== undefined && (value[index] === "\\" || (value[index] === quote && next === quote))) {
      plain += next;
      index += 2;
    } else if (value[index] === quote) break;
    else plain += value[index++];
  }
  return [value.slice(1, index), plain];
}

/** Whether the text before an equals sign ends with a key that names a credential. */
function namesCredential(text, equals) {
  let end = equals;
  while (end > 0 && isBlank(text[end - 1])) end -= 1;
  let start = end;
  while (start > 0 && /[A-Za-z0-9_.-]/.test(text[start - 1])) start -= 1;
  return CREDENTIAL.test(text.slice(start, end).toLowerCase().replace(/[_.-]/g, ""));
}
