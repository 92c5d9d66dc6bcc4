import { type Instant, type Millis, millis } from './units.ts';

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads `500ms`, `10s`, `1.5h` or `1h30m`; undefined if the text is not a duration. A bare number lacks a unit. */
export function parseDuration(text: string): Millis | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  return millis(parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units], 0));
}

/** `1h 30m`, `2m 05s`, `4.2 s`, `18 ms`, `0.35 ms`: with the precision that matters at that size. */
export function sayDuration(length: Millis): string {
  if (!Number.isFinite(length)) return 'for ever';
  if (length < 0) return `-${sayDuration(millis(-length))}`;
  if (length < 10) return `${Number(length.toFixed(2))} ms`;
  if (length < 999.5) return `${Math.round(length)} ms`;
  if (length < 59_950) return `${Number((length / 1_000).toFixed(1))} s`;
  const total = Math.round(length / 1_000);
  const [h, m, s] = [Math.floor(total / 3_600), Math.floor((total % 3_600) / 60), total % 60];
  const rest =
    h > 0 ? (m > 0 ? ` ${String(m).padStart(2, '0')}m` : '') : s > 0 ? ` ${String(s).padStart(2, '0')}s` : '';
  return `${h > 0 ? `${h}h` : `${m}m`}${rest}`;
}

/** `02:14:07`, in UTC, for sentences whose day is clear. */
export const sayTime = (at: Instant): string => new Date(at).toISOString().slice(11, 19);
/** `2026-11-22 02:14:07 UTC`. */
export const sayMoment = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
