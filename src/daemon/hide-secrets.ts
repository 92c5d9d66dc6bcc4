import { hideIn } from '../phases/without-secrets.ts';

/** Where the plan's own texts stand: with placeholders, but a password may be written out in one. */
const ofStep = ['command', 'directory', 'env', 'sql', 'url', 'headers', 'body', 'confirm'];
const places: ReadonlySet<string> = new Set([...ofStep, 'question', 'asks', 'does', 'details']);

/** A copy for those who look: what steps run and ask is shown without secrets. */
export function hideSecrets(secrets: readonly string[]): <Value>(value: Value) => Value {
  const hide = (value: unknown, inPlace: boolean): unknown => {
    if (typeof value === 'string') return inPlace ? hideIn(value, secrets) : value;
    if (Array.isArray(value)) return value.map((one) => hide(one, inPlace));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hide(one, inPlace || places.has(key))]));
  };
  return <Value>(value: Value) => (secrets.length === 0 ? value : (hide(value, false) as Value));
}
