import { type HideText, hidingText, insteadOfSecret } from '../core/kernel/hide-text.ts';
import { secretForms } from '../core/kernel/secret-forms.ts';

/** Removes secrets from a text that arrives in chunks, even if a secret is split between chunks. */
export interface SecretFilter {
  /** Returns what can be shown so far. It holds back text that may be the beginning of a secret. */
  push(text: string): string;
  /** Returns the rest after the last chunk. */
  end(): string;
}

const classOf = (characters: readonly string[]): RegExp =>
  new RegExp(`[${characters.map((one) => one.replace(/[\\\]^-]/, String.raw`\$&`)).join('')}]`, 'g');

export function withoutSecrets(secrets: readonly string[]): SecretFilter {
  // The longest first: if two begin alike, replacing the shorter one would reveal the rest of the longer one.
  const forms = secretForms(secrets).map(({ text }) => text);
  const byInitial = Map.groupBy(
    forms.toSorted((a, b) => b.length - a.length),
    (form) => form.charAt(0),
  );
  if (byInitial.size === 0) return { push: (text) => text, end: () => '' };
  const initials = classOf([...byInitial.keys()]);
  const firstInitial = (text: string, from: number): number => {
    initials.lastIndex = from;
    return initials.exec(text)?.index ?? text.length;
  };

  let held = '';
  const take = (text: string, isLast: boolean): string => {
    let shown = '';
    for (let at = 0; at < text.length;) {
      const next = firstInitial(text, at);
      shown += text.slice(at, next);
      const wanted = byInitial.get(text.charAt(next)) ?? [];
      const mayGrow = wanted.some((form) => form.length > text.length - next && form.startsWith(text.slice(next)));
      if (!isLast && next < text.length && mayGrow) {
        held = text.slice(next);
        return shown;
      }
      const hit = wanted.find((form) => text.startsWith(form, next));
      shown += hit === undefined ? text.charAt(next) : insteadOfSecret;
      at = next + (hit?.length ?? 1);
    }
    held = '';
    return shown;
  };
  return { push: (text) => take(held + text, false), end: () => take(held, true) };
}

const hiding = new WeakMap<readonly string[], HideText>();

/** Removes the secrets from a whole text. The search patterns are built once per list. */
export function hideIn(text: string, secrets: readonly string[]): string {
  const hide = hiding.get(secrets) ?? hidingText(secrets);
  hiding.set(secrets, hide);
  return hide(text);
}
