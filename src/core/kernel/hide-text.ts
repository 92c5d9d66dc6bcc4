import { type SecretForm, secretForms, shortestSecret } from './secret-forms.ts';

/** The replacement for a secret. */
export const insteadOfSecret = '[secret]';

export type HideText = (text: string) => string;

/** A match with this many characters of a secret's beginning is never a coincidence. */
const neverByChance = 16;
/** The server cuts names at 63 bytes and everything else later; within a character, up to three bytes earlier. */
const shortestCut = 60;
const marker = /…|\.\.\./g;
const space = /\s/;

const lower = (character: string): string => {
  const small = character.toLowerCase();
  return small.length === character.length ? small : character;
};
const folded = (text: string): string => Array.from(text.split(''), lower).join('');
const sizeOf = (text: string): number => new TextEncoder().encode(text).length;

/** The search form of a secret: all white space is equal, because texts get wrapped or put on one line. */
const searched = ({ text, least }: SecretForm): SecretForm => ({
  text: folded(text.trim().replaceAll(/\s+/g, ' ')),
  least,
});

/** How far the text at `at` matches the form from `from` on, in characters of the text and of the form. */
function agreement(text: string, at: number, form: string, from: number) {
  let [end, to] = [at, from];
  while (to < form.length && end < text.length) {
    if (form[to] === ' ' && space.test(text.charAt(end))) {
      while (space.test(text.charAt(end))) end += 1;
    } else if (lower(text.charAt(end)) === form[to]) end += 1;
    else break;
    to += 1;
  }
  return { end, matched: to - from, whole: to === form.length };
}

const opening: Readonly<Record<string, string>> = { '”': '“', '’': '‘', '»': '«', '\\': '"' };

/**
 * Whether the text was cut at `end`: a mark says so, or the text ends there and is as long as the limit at which servers cut
 * without a mark, whether it is the whole text or a quotation in it.
 */
function isCutAt(text: string, start: number, end: number): boolean {
  const next = text.charAt(end);
  if (next === '…' || text.startsWith('...', end)) return true;
  if (next !== '' && !`"'\`\n\\”’»`.includes(next)) return false;
  const quote = next === '' ? -1 : text.lastIndexOf(opening[next] ?? next, start - 1);
  return sizeOf(text.slice(quote + 1, end)) >= shortestCut;
}

/** The end of the secret at `at`, or of a beginning that a cut has left; the longest form wins. */
function endOf(text: string, at: number, forms: readonly SecretForm[]): number | undefined {
  let furthest: number | undefined;
  for (const form of forms) {
    const { end, matched, whole } = agreement(text, at, form.text, 0);
    const isCut = !whole && matched >= form.least && (matched >= neverByChance || isCutAt(text, at, end));
    if ((whole || isCut) && end > (furthest ?? 0)) furthest = end;
  }
  return furthest;
}

/** The end of what follows a cut mark, if it is the rest of a secret or a piece of one between two marks. */
function endOfRest(text: string, at: number, forms: readonly SecretForm[]): number | undefined {
  const head = folded(text.slice(at, at + shortestSecret).replaceAll(/\s/g, ' '));
  if (head.length < shortestSecret) return undefined;
  let furthest: number | undefined;
  for (const form of forms) {
    for (let from = form.text.indexOf(head, 1); from > 0; from = form.text.indexOf(head, from + 1)) {
      const { end, matched, whole } = agreement(text, at, form.text, from);
      if (from + matched < form.least) continue;
      const counts = whole || matched >= neverByChance || isCutAt(text, at, end);
      if (counts && end > (furthest ?? 0)) furthest = end;
    }
  }
  return furthest;
}

function hideRests(text: string, forms: readonly SecretForm[]): string {
  let [shown, from] = ['', 0];
  for (const { 0: mark, index } of text.matchAll(marker)) {
    const at = index + mark.length;
    if (at < from) continue;
    const end = endOfRest(text, at, forms);
    if (end === undefined) continue;
    shown += text.slice(from, at) + insteadOfSecret;
    from = end;
  }
  return from === 0 ? text : shown + text.slice(from);
}

/** Characters folded for comparison: lower case, and white space as a blank. Filled on demand. */
const foldedUnits = new Uint16Array(0x1_0000);
function foldedUnit(unit: number): number {
  const known = foldedUnits[unit] ?? 0;
  if (known !== 0) return known;
  const character = String.fromCharCode(unit);
  return (foldedUnits[unit] = space.test(character) ? 32 : lower(character).charCodeAt(0));
}

const buckets = 1 << 15;
/** Three characters in one number; older ones are shifted out. */
const next = (key: number, unit: number): number => ((key << 5) ^ foldedUnit(unit)) & (buckets - 1);
const keyOf = (start: string): number =>
  next(next(next(0, start.charCodeAt(0)), start.charCodeAt(1)), start.charCodeAt(2));

/** How a text may continue where a form begins: one blank of the form may be several. */
const startsOf = ({ text }: SecretForm): readonly string[] =>
  text[1] === ' ' ? [text.slice(0, 3), `${text[0]}  `] : [text.slice(0, 3)];

/** The forms by their beginning, so that a text is scanned once, whatever the number of secrets. */
function byStart(forms: readonly SecretForm[]) {
  const pairs = forms.flatMap((form) => startsOf(form).map((start) => ({ key: keyOf(start), form })));
  const isStart = new Uint8Array(buckets);
  for (const { key } of pairs) isStart[key] = 1;
  const byKey = Map.groupBy(pairs, ({ key }) => key);
  return { isStart, of: (key: number) => (byKey.get(key) ?? []).map(({ form }) => form) };
}

/**
 * Removes secrets from texts: verbatim, in the forms that servers and programs write them, and pieces that a length limit
 * left. Deterministic; a text without secrets stays the same. Secrets shorter than `shortestSecret` stay.
 */
export function hidingText(secrets: readonly string[]): HideText {
  const forms = secretForms(secrets.filter((secret) => secret.trim().length >= shortestSecret)).map(searched);
  if (forms.length === 0) return (text) => text;
  const starts = byStart(forms);
  const { isStart } = starts;
  return (text) => {
    let [shown, from, key] = ['', 0, 0];
    for (let at = -2; at + 2 < text.length; at += 1) {
      key = next(key, text.charCodeAt(at + 2));
      if (isStart[key] === 0 || at < from) continue;
      if (text.startsWith(insteadOfSecret, at - 1)) continue; // an earlier pass wrote it, and the secret is `secret`
      const end = endOf(text, at, starts.of(key));
      if (end === undefined) continue;
      shown += text.slice(from, at) + insteadOfSecret;
      from = end;
    }
    const whole = from === 0 ? text : shown + text.slice(from);
    return whole.includes('…') || whole.includes('...') ? hideRests(whole, forms) : whole;
  };
}
