import {Buffer} from "node:buffer";
import {secretParts} from "./secret-parts.js";

const MASK = Buffer.from("***");
// A shorter text may occur in ordinary words, where masking would reveal it.
const MIN_MASKED_BYTES = 6;
// Shorter lines of a secret of several lines are not masked on their own.
const MIN_LINE_BYTES = 8;
const MAX_LINES = 256;

const ESCAPES = {n: "\n", r: "\r", t: "\t", b: "\b", f: "\f"};

/**
 * Replaces each secret in the text by `***`: plain, percent-encoded, escaped as in JSON, and in Base64.
 *
 * Of a secret that is a URL or a connection string, the password in it is a secret too; of one of several lines, each line.
 */
export function redact(text, secrets) {
  const patterns = [];
  for (const secret of secrets) {
    const data = Buffer.from(secret);
    if (data.length < MIN_MASKED_BYTES) continue;
    for (const known of [data, ...secretParts(data)]) patterns.push(...patternsOf(known));
  }
  if (patterns.length === 0) return text;
  const data = Buffer.from(text);
  const hits = decodings(data).flatMap((decoded) => hitsIn(decoded, patterns));
  hits.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const pieces = [];
  let end = 0;
  for (const [start, stop] of hits) {
    if (start >= end) pieces.push(data.subarray(end, start), MASK);
    end = Math.max(end, stop);
  }
  return Buffer.concat([...pieces, data.subarray(end)]).toString();
}

function* patternsOf(secret) {
  yield {bytes: secret};
  const lines = linesOf(secret);
  for (const line of lines.length > 1 ? lines : []) if (line.length >= MIN_LINE_BYTES) yield {bytes: line};
  // The Base64 digits that depend on the secret alone, for each of the three places where it can begin in a longer text.
  for (const [offset, start] of [0, 2, 3].entries()) {
    const padded = Buffer.concat([Buffer.alloc(offset), secret]);
    const end = Math.floor((padded.length * 8) / 6);
    if (end - start < MIN_MASKED_BYTES) continue;
    const digits = padded.toString("base64").slice(start, end);
    yield {bytes: Buffer.from(digits), isBase64: true};
    yield {bytes: Buffer.from(digits.replaceAll("+", "-").replaceAll("/", "_")), isBase64: true};
  }
}

/** The lines of a secret, which a log shows one by one; a key within JSON has its line ends as `\n`. */
function linesOf(secret) {
  const lines = secret.toString("latin1").replaceAll("\\n", "\n").split(/[\x00-\x1f\x7f]/);
  return lines.slice(0, MAX_LINES).map((line) => Buffer.from(line, "latin1"));
}

/** The text as someone meant it before an encoding, and where each of its bytes came from. */
function decodings(data) {
  const all = [decode(data, () => null)];
  if (data.includes("%") || data.includes("+")) {
    all.push(decode(data, (index) => plus(data, index) ?? percent(data, index)));
    all.push(decode(data, (index) => percent(data, index)));
  }
  if (data.includes("\\")) all.push(decode(data, (index) => escape(data, index)));
  return all;
}

/** @param step the bytes that the encoded text at an index means, and its length; null where it means itself. */
function decode(data, step) {
  const bytes = [];
  const origins = [];
  for (let index = 0; index < data.length; ) {
    const [piece, length] = step(index) ?? [[data[index]], 1];
    for (const byte of piece) {
      bytes.push(byte);
      origins.push(index);
    }
    index += length;
  }
  return {bytes: Buffer.from(bytes), origins: [...origins, data.length]};
}

const plus = (data, index) => (data[index] === 0x2b ? [[0x20], 1] : null);

function percent(data, index) {
  const byte = data[index] === 0x25 ? hexadecimal(data, index + 1, 2) : null;
  return byte === null ? null : [[byte], 3];
}

function escape(data, index) {
  if (data[index] !== 0x5c || index + 1 === data.length) return null;
  const next = String.fromCharCode(data[index + 1]);
  if (next !== "u") return [next in ESCAPES ? Buffer.from(ESCAPES[next]) : [data[index + 1]], 2];
  const first = hexadecimal(data, index + 2, 4);
  if (first === null) return null;
  if (first < 0xd800 || first > 0xdfff) return [Buffer.from(String.fromCharCode(first)), 6];
  const isPair = data[index + 6] === 0x5c && data[index + 7] === 0x75;
  const second = isPair ? hexadecimal(data, index + 8, 4) : null;
  if (second === null || first >= 0xdc00 || second < 0xdc00 || second > 0xdfff) return null;
  return [Buffer.from(String.fromCharCode(first, second)), 12];
}

function hexadecimal(data, start, digits) {
  const text = data.toString("latin1", start, start + digits);
  return text.length === digits && /^[0-9a-fA-F]+$/.test(text) ? parseInt(text, 16) : null;
}

function hitsIn({bytes, origins}, patterns) {
  const hits = [];
  for (const pattern of patterns) {
    let start = bytes.indexOf(pattern.bytes);
    while (start >= 0) {
      let begin = start;
      let end = start + pattern.bytes.length;
      if (pattern.isBase64) {
        // The rest of the digits encodes the secret's ends and the text around it.
        while (begin > 0 && isBase64(bytes[begin - 1])) begin -= 1;
        while (end < bytes.length && isBase64(bytes[end])) end += 1;
      }
      hits.push([origins[begin], origins[end]]);
      start = bytes.indexOf(pattern.bytes, pattern.isBase64 ? end : start + 1);
    }
  }
  return hits;
}

const isBase64 = (byte) => /[A-Za-z0-9+/=_-]/.test(String.fromCharCode(byte));
