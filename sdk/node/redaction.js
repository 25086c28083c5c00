import {Buffer} from "node:buffer";

const MASK = "***";
// A shorter text may occur in ordinary words, where masking would reveal it.
const MIN_MASKED_BYTES = 6;

/** Replaces each secret in the text, plain, percent-encoded, escaped as in JSON and in Base64, by `***`. */
export function redact(text, secrets) {
  const forms = new Set();
  for (const secret of secrets) {
    const data = Buffer.from(secret);
    if (data.length < MIN_MASKED_BYTES) continue;
    forms.add(secret);
    forms.add([...data].map(percentEncoded).join(""));
    forms.add(JSON.stringify(secret).slice(1, -1));
    for (const form of base64Forms(data)) forms.add(form);
  }
  for (const form of [...forms].sort((a, b) => b.length - a.length)) text = text.replaceAll(form, MASK);
  return text;
}

function percentEncoded(byte) {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** The Base64 digits that depend on the data alone, for each of the three alignments in a longer text. */
function* base64Forms(data) {
  for (const [offset, start] of [0, 2, 3].entries()) {
    const padded = Buffer.concat([Buffer.alloc(offset), data]);
    // The last digits depend on what follows the data.
    const end = Math.floor((padded.length * 8) / 6);
    if (end - start < MIN_MASKED_BYTES) continue;
    const form = padded.toString("base64").slice(start, end);
    yield form;
    yield form.replaceAll("+", "-").replaceAll("/", "_");
  }
}
