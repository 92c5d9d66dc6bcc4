import type { Failure } from '../core/evidence/reading.ts';
import { atPointer } from '../core/kernel/json-pointer.ts';
import type { HttpExpectation } from '../core/plan/sources.ts';
import { patternMatcher, patternSees } from './match-pattern.ts';

/** Whether a body is as wanted, with the failure if it is not, or the reason if that is unknown. */
export type Judged = 'met' | { readonly unmet: Failure } | { readonly untold: string };
type Judge = (body: Buffer, size: number) => Judged;

/** How many bytes of a body are kept for the expectations. The whole body is read. */
const kept = 1_048_576;

const unmet = (message: string): Judged => ({ unmet: { reason: 'assertion', message } });

const containing =
  (wanted: string): Judge =>
  (body, size) => {
    if (body.toString().includes(wanted)) return 'met';
    const where = size > kept ? 'the first MB of the body' : 'the body';
    return unmet(`${where} does not contain ${JSON.stringify(wanted)}`);
  };

function matching(source: string): Judge {
  const matches = patternMatcher(source);
  return (body, size) => {
    const found = matches(body.subarray(0, patternSees).toString());
    if (found === true) return 'met';
    if (found === undefined) return { untold: `the pattern ${source} takes too long on this body` };
    const where = size > patternSees ? 'the first 64 KB of the body do' : 'the body does';
    return unmet(`${where} not match ${source}`);
  };
}

const parsed = (body: Buffer): { readonly document: unknown } | undefined => {
  try {
    return { document: JSON.parse(body.toString()) };
  } catch {
    return undefined;
  }
};

function sayFound(value: unknown): string {
  if (value === undefined) return 'not there';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return JSON.stringify(value).slice(0, 60);
}

const holding =
  (wanted: Readonly<Record<string, unknown>>): Judge =>
  (body, size) => {
    if (size > kept) return unmet('the body is longer than 1 MB, too long to parse as JSON');
    const read = parsed(body);
    if (read === undefined) return unmet('the body is not JSON');
    for (const [pointer, value] of Object.entries(wanted)) {
      const found = atPointer(read.document, pointer);
      if (found === value) continue;
      const place = pointer === '' ? 'the body' : pointer;
      return unmet(`${place} is ${sayFound(found)}, wanted ${JSON.stringify(value)}`);
    }
    return 'met';
  };

export interface BodyJudge {
  /** How many bytes of the body the expectations need. */
  readonly keep: number;
  /** Returns the first expectation that is not met. */
  readonly judge: Judge;
}

/** Combines everything that the plan expects of a body. */
export function bodyJudge({ contains, matches, json }: HttpExpectation): BodyJudge {
  const judges = [
    ...(contains === undefined ? [] : [containing(contains)]),
    ...(matches === undefined ? [] : [matching(matches)]),
    ...(json === undefined ? [] : [holding(json)]),
  ];
  return {
    keep: contains === undefined && json === undefined ? (matches === undefined ? 0 : patternSees) : kept,
    judge(body, size) {
      for (const judge of judges) {
        const judged = judge(body, size);
        if (judged !== 'met') return judged;
      }
      return 'met';
    },
  };
}
