import { isPair, isScalar, parseDocument, type Scalar, visit } from 'yaml';

import { type HideText, insteadOfSecret } from '../kernel/hide-text.ts';
import { isOpenPlace, maskedAddresses } from './shown.ts';

/** YAML would read `[secret]` as a list. */
const insteadInYaml = '(secret)';

const hiding =
  (hide: HideText): HideText =>
  (text) =>
    hide(text).replaceAll(insteadOfSecret, insteadInYaml);
const masking: HideText = (text) => maskedAddresses(text, insteadInYaml);

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly shown: string;
}

/**
 * Keys, ids, names and references are needed to read the plan, and appear in every message. A secret that equals such a word
 * cannot be hidden there: the plan would become unreadable, and the gap would reveal the secret.
 */
function isOpen(key: unknown, above: readonly unknown[]): boolean {
  if (key === 'key') return true;
  const names = above.flatMap((one) => (isPair(one) && isScalar(one.key) ? [String(one.key.value)] : []));
  return isOpenPlace(names);
}

/** Keeps the quoting style if it preserves the text exactly; otherwise uses double quotes. */
function writtenAs(type: Scalar['type'], shown: string, written: string): string {
  const asItIs = !/[\\\n]/.test(written);
  if (asItIs && type === 'PLAIN') return shown;
  if (asItIs && type === 'QUOTE_SINGLE') return `'${shown.replaceAll("'", "''")}'`;
  return `${JSON.stringify(shown)}${type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED' ? '\n' : ''}`;
}

/** The replacement for a text of the plan that contains secrets. */
function pieceOf(text: string, { value, range, type }: Scalar, hide: HideText): Piece | undefined {
  if (typeof value !== 'string' || range == null) return undefined;
  const [from, to] = range;
  const shown = masking(hide(value));
  if (shown === value) return { from, to, shown: text.slice(from, to) };
  return { from, to, shown: writtenAs(type, shown, text.slice(from, to)) };
}

/**
 * A valid plan's text without the secrets that are written out in it, in any environment. It compares parsed values, because
 * YAML can write a value in many ways: with escapes, or over several lines. The text between values is comments.
 */
export function withoutSecrets(text: string, hideText: HideText): string {
  const hide = hiding(hideText);
  const pieces: Piece[] = [];
  visit(parseDocument(text, { logLevel: 'silent', resolveKnownTags: false, stringKeys: true, uniqueKeys: false }), {
    Scalar(key, scalar, above) {
      const piece = pieceOf(text, scalar, isOpen(key, above) ? (open) => open : hide);
      if (piece !== undefined) pieces.push(piece);
    },
  });
  const between = (from: number, to?: number): string => masking(hide(text.slice(from, to)));
  let [shown, from] = ['', 0];
  for (const piece of pieces) {
    shown += between(from, piece.from) + piece.shown;
    from = piece.to;
  }
  return shown + between(from);
}
