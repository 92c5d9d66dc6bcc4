const instead = '[secret]';

/** Takes a text piece by piece and gives it back without the secrets, also where one is split between pieces. */
export interface SecretFilter {
  /** What can be shown so far: the beginning of what may become a secret is held back. */
  push(text: string): string;
  /** The rest, when no more will come. */
  end(): string;
}

export function withoutSecrets(secrets: readonly string[]): SecretFilter {
  // The longest first: of two that begin alike, the shorter would leave the rest of the longer to be seen.
  const wanted = secrets.filter((secret) => secret !== '').toSorted((a, b) => b.length - a.length);
  const initials = [...new Set(wanted.map((secret) => secret.charAt(0)))];
  const firstInitial = (text: string, from: number): number =>
    Math.min(...initials.map((initial) => text.indexOf(initial, from)).filter((at) => at >= 0), text.length);

  let held = '';
  const take = (text: string, isLast: boolean): string => {
    let shown = '';
    for (let at = 0; at < text.length;) {
      const next = firstInitial(text, at);
      shown += text.slice(at, next);
      const mayGrow = wanted.some(
        (secret) => secret.length > text.length - next && secret.startsWith(text.slice(next)),
      );
      if (!isLast && next < text.length && mayGrow) {
        held = text.slice(next);
        return shown;
      }
      const hit = wanted.find((secret) => text.startsWith(secret, next));
      shown += hit === undefined ? text.charAt(next) : instead;
      at = next + (hit?.length ?? 1);
    }
    held = '';
    return shown;
  };
  return { push: (text) => take(held + text, false), end: () => take(held, true) };
}

/** A whole text without the secrets. */
export function hideIn(text: string, secrets: readonly string[]): string {
  const filter = withoutSecrets(secrets);
  return filter.push(text) + filter.end();
}
