import type { HideText } from './hide-text.ts';

/** Returns a copy without secrets, or the value itself if it contains none. */
export type Hide = <Value>(value: Value) => Value;

export interface Kept {
  /** Keys whose values are names for lookup and comparison, never text from outside. */
  readonly names: ReadonlySet<string>;
  /** Keys whose values are objects with keys from outside, which are text like any other. */
  readonly data?: ReadonlySet<string>;
  /** Keys whose documents stay unchanged. */
  readonly whole?: ReadonlySet<string>;
}

const isField = /^[A-Za-z_]\w*$/;

/** Hides secrets in every text and in every free-form key, so that new fields are covered automatically. */
export function hidingDocuments(hideText: HideText, { names, data = new Set(), whole = new Set() }: Kept): Hide {
  const inArray = (values: readonly unknown[], isName: boolean, isData: boolean): readonly unknown[] => {
    if (typeof values[0] === 'number' && values.every((one) => typeof one === 'number')) return values; // e.g. 10,000 latencies
    let copy: unknown[] | undefined;
    for (const [index, value] of values.entries()) {
      const hidden = inValue(value, isName, isData);
      if (hidden === value) continue;
      copy ??= [...values];
      copy[index] = hidden;
    }
    return copy ?? values;
  };
  const inObject = (value: object, isData: boolean): object => {
    if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return value;
    let changed = false;
    const entries = Object.entries(value).map(([key, one]): [string, unknown] => {
      const kept =
        !isData && typeof one === 'object' && whole.has(key)
          ? one
          : inValue(one, !isData && names.has(key), isData || data.has(key));
      const under = isData || !isField.test(key) ? hideText(key) : key;
      changed ||= kept !== one || under !== key;
      return [under, kept];
    });
    return changed ? Object.fromEntries(entries) : value;
  };
  const inValue = (value: unknown, isName: boolean, isData: boolean): unknown => {
    if (typeof value === 'string') return isName ? value : hideText(value);
    if (typeof value !== 'object' || value === null) return value;
    return Array.isArray(value) ? inArray(value, isName, isData) : inObject(value, isData);
  };
  return <Value>(value: Value) => inValue(value, false, false) as Value;
}
