import { isPair, isScalar, parseDocument, type Scalar, visit } from 'yaml';

import { type HideText, insteadOfSecret } from '../kernel/hide-text.ts';
import { isOpenPlace, maskedAddresses } from './shown.ts';

/** In YAML, `[secret]` would be a list of one. */
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
 * Keys, ids, names and references are what a plan is read by, and stand in every message. A secret that is such a word cannot
 * be hidden by taking it out of them: the plan could not be read any more, and the gap would say what the secret is.
 */
function isOpen(key: unknown, above: readonly unknown[]): boolean {
  if (key === 'key') return true;
  const names = above.flatMap((one) => (isPair(one) && isScalar(one.key) ? [String(one.key.value)] : []));
  return isOpenPlace(names);
}

/** As it was written, as far as it was written as it is; else in double quotes. */
function writtenAs(type: Scalar['type'], shown: string, written: string): string {
  const asItIs = !/[\\\n]/.test(written);
  if (asItIs && type === 'PLAIN') return shown;
  if (asItIs && type === 'QUOTE_SINGLE') return `'${shown.replaceAll("'", "''")}'`;
  return `${JSON.stringify(shown)}${type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED' ? '\n' : ''}`;
}

/** A text of the plan as it stands in the file, without its secrets. */
function pieceOf(text: string, { value, range, type }: Scalar, hide: HideText): Piece | undefined {
  if (typeof value !== 'string' || range == null) return undefined;
  const [from, to] = range;
  const shown = masking(hide(value));
  if (shown === value) return { from, to, shown: text.slice(from, to) };
  return { from, to, shown: writtenAs(type, shown, text.slice(from, to)) };
}

/**
 * A sound plan's text without the secrets that are written out in it, of whatever environment. Each text is looked at as what
 * it says, since YAML has many ways to write it: by escapes, or over several lines. What stands between them are comments.
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
