/** One way to write a secret. */
export interface SecretForm {
  readonly text: string;
  /** The number of leading characters that reveal something: the scheme and host of an address do not. */
  readonly least: number;
}

/** A shorter value is no secret, because removing it would garble every text; a shorter piece of a secret reveals too little. */
export const shortestSecret = 6;

const addressStart = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*[/?#]?/i;

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

/**
 * The part of a secret's base64 that does not depend on its surroundings, as in `Authorization: Basic` of `user:secret`: one
 * text for each of the three offsets at which it may begin within a group of three bytes.
 */
function base64Cores(bytes: Uint8Array): readonly string[] {
  return [0, 1, 2].map((offset) => {
    const padded = new Uint8Array(offset + bytes.length);
    padded.set(bytes, offset);
    const whole = Math.floor((padded.length * 8) / 6);
    return base64(padded).slice(Math.ceil((offset * 8) / 6), whole);
  });
}

const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function percentEncoded(secret: string): readonly string[] {
  try {
    const encoded = encodeURIComponent(secret);
    const strict = encoded.replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
    return [encoded, strict, strict.replaceAll('%20', '+'), encodeURI(secret)];
  } catch {
    return []; // half a character
  }
}

/** The forms in which servers, programs and formats repeat a secret. */
function writtenIn(secret: string): readonly string[] {
  const bytes = new TextEncoder().encode(secret);
  const cores = base64Cores(bytes);
  return [
    secret.replaceAll("'", "''"),
    secret.replaceAll('"', '""'),
    secret.replaceAll('\\', '\\\\').replaceAll("'", "''"),
    secret.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll(/[&<>"']/g, (one) => named[one] ?? one),
    ...percentEncoded(secret),
    ...cores,
    ...cores.map((core) => core.replaceAll('+', '-').replaceAll('/', '_')),
    Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
    // A program that quotes a text by line shows one line of it, as psql does after `LINE 1:`.
    ...(/[\r\n]/.test(secret) ? secret.split(/[\r\n]+/).filter((line) => !line.startsWith('-----')) : []),
  ].filter((form) => form.trim().length >= shortestSecret);
}

/** Every form of every secret, without duplicates. */
export function secretForms(secrets: readonly string[]): readonly SecretForm[] {
  const forms = new Map<string, SecretForm>();
  for (const secret of secrets.filter((one) => one.trim() !== '')) {
    const start = addressStart.exec(secret)?.[0];
    const least = start === undefined ? shortestSecret : start.length + shortestSecret;
    forms.set(secret, { text: secret, least });
    if (secret.length < shortestSecret) continue;
    for (const text of writtenIn(secret))
      if (!forms.has(text)) forms.set(text, { text, least: start === undefined ? shortestSecret : text.length });
  }
  return [...forms.values()];
}
