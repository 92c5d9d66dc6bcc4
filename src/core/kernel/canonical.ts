/**
 * JSON with sorted keys and no white space, so that equal values have equal text and hence equal hashes (ordering and
 * number forms of RFC 8785; like JSON, it omits keys whose value is undefined).
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item ?? null)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError(`${value} has no JSON form; a record must say "failed" or "missing" instead`);
  }
  return JSON.stringify(value) ?? 'null';
}
