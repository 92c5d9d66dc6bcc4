import { parsePlan } from '../../../src/core/plan/parse.ts';
import type { Sources } from '../../../src/core/plan/expand.ts';
import { sayFault } from '../../../src/core/plan/say.ts';

/** A small valid plan that the tests break. */
export const goodPlan = `ripcord: 1
name: demo
environments:
  staging:
    target: { url: postgres://guard@db.example/demo }
run: { estimate: 1h }
phases:
  - id: first
    estimate: 10m
    rollback: { command: [node, first.ts, --rollback] }
  - id: second
    estimate: 10m-20m
    rollback: restore
probes:
  - { id: control, sql: select 1, control: true }
checks:
  - { id: no-orphan, criterion: integrity, sql: select 1 from orphan }
principals:
  - id: dana
    role: database_administrator
    token_hash: sha256:${'a'.repeat(64)}
`;

export const noSources: Sources = { env: {}, readFile: () => undefined };

/** Replaces the first occurrence, which must be there. */
export function changed(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the plan has no ${from}`);
  return text.replace(from, () => to);
}

const mark = '¦';

/** A plan with `¦` in front of each place at which a fault is expected, as `line:column` in the order of the text. */
export function marked(text: string): { readonly text: string; readonly places: readonly string[] } {
  const pieces = text.split(mark);
  const places = pieces.slice(1).map((_, index) => {
    const lines = pieces
      .slice(0, index + 1)
      .join('')
      .split('\n');
    return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
  });
  return { text: pieces.join(''), places };
}

/** A bad plan: a replacement in the good plan, with `¦` where each fault is expected. */
export interface BadPlan {
  readonly from: string;
  readonly to: string;
  /** The faults without their places, in the order of the text. */
  readonly says: readonly string[];
}

/** The expected and the actual faults of a bad plan, as lines of output. */
export function compare({ from, to, says }: BadPlan, sources: Partial<Sources> = {}) {
  const { text, places } = marked(changed(goodPlan, from, to));
  return { expected: says.map((line, index) => `plan:${places[index]}: ${line}`), actual: faultsOf(text, sources) };
}

/** Every fault as a line of output; empty for a valid plan. */
export function faultsOf(text: string, sources: Partial<Sources> = {}): readonly string[] {
  const parsed = parsePlan(text, { ...noSources, ...sources });
  return 'faults' in parsed ? parsed.faults.map((fault) => sayFault(fault, 'plan')) : [];
}

export function planOf(text: string, sources: Partial<Sources> = {}) {
  const parsed = parsePlan(text, { ...noSources, ...sources });
  if ('faults' in parsed) throw new Error(parsed.faults.map((fault) => sayFault(fault, 'plan')).join('\n'));
  return parsed;
}
