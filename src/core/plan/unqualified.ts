import type { Plan } from './plan.ts';

/** Text that names no table (comments, strings, dollar quotes), then words, quoted names, and signs that tell what a word is. */
const token =
  /--[^\n]*|\/\*[\s\S]*?\*\/|[eE]?'(?:[^'\\]|''|\\.)*'|\$(\w*)\$[\s\S]*?\$\1\$|"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[().,;]/g;
const isNoWord = /^(--|\/\*|[eE]?'|\$)/;

/** In these functions, `from` separates parts of a value: `extract(epoch from at)`. */
const ofValues = new Set(['extract', 'substring', 'trim', 'overlay', 'position']);
const noTable = new Set(['lateral', 'only', 'select', 'rows', 'unnest', 'values', 'dual']);

/**
 * Tables that a statement reads without naming their schema. Covers only names right after FROM or JOIN: a missing warning
 * costs less than a wrong one.
 */
export function unqualifiedTables(sql: string): readonly string[] {
  const words = [...sql.matchAll(token)].map(([word]) => word).filter((word) => !isNoWord.test(word));
  const lower = words.map((word) => word.toLowerCase());
  const common = new Set(lower.filter((_, at) => lower[at + 1] === 'as' && lower[at + 2] === '('));
  const found = new Set<string>();
  const calls: boolean[] = [];
  for (const [at, word] of lower.entries()) {
    if (word === '(') calls.push(ofValues.has(lower[at - 1] ?? ''));
    if (word === ')') calls.pop();
    const isFrom = word === 'from' && calls.at(-1) !== true && lower[at - 1] !== 'distinct';
    if (!isFrom && word !== 'join') continue;
    const place = ['only', 'lateral'].includes(lower[at + 1] ?? '') ? at + 2 : at + 1;
    const [name = '', next = ''] = [lower[place], lower[place + 1]];
    if (!/^["\w\u0080-\uffff]/.test(name) || next === '.' || next === '(') continue;
    if (name.startsWith('pg_') || noTable.has(name) || common.has(name)) continue;
    found.add(words[place] ?? name);
  }
  return [...found];
}

/** All SQL in the plan with its owner: probes, checks, conditions and verification queries. */
function* questionsIn({
  probes,
  checks,
  verification,
  phases,
  environments,
}: Plan): Iterable<readonly [string, string]> {
  const asked = [
    ...probes.map((one) => [`probe ${one.id}`, one] as const),
    ...checks.map((one) => [`check ${one.id}`, one] as const),
    ...verification.map((one) => [`verification ${one.id}`, { ...one, after: {} }] as const),
  ];
  for (const [who, { sql, after }] of asked)
    for (const text of [sql, ...Object.values(after)]) if (text !== undefined) yield [who, text];
  const steps = [
    ...phases.flatMap(({ rollback }) => (rollback !== 'restore' && 'steps' in rollback ? rollback.steps : [])),
    ...Object.values(environments).flatMap(({ restore }) => restore?.steps ?? []),
  ];
  for (const step of steps)
    for (const condition of [step.precondition, step.proof, 'wait' in step ? step.wait : undefined])
      if (condition !== undefined && 'sql' in condition) yield [`step ${step.id}`, condition.sql];
}

const mostNamed = 3;

/** Warns about unqualified names if the plan does not state the search path. */
export function unstatedPaths(plan: Plan): readonly string[] {
  const unstated = Object.entries(plan.environments).flatMap(([name, { target }]) =>
    target.search_path === undefined ? [name] : [],
  );
  const uses = [...questionsIn(plan)].flatMap(([who, sql]) =>
    unqualifiedTables(sql).map((table) => `${table} (${who})`),
  );
  if (unstated.length === 0 || uses.length === 0) return [];
  const named = [...new Set(uses)];
  const more = named.length > mostNamed ? ` and ${named.length - mostNamed} more` : '';
  return [
    `environment ${unstated.join(', ')}: names without a schema are looked up in public: ${named.slice(0, mostNamed).join(', ')}${more}; state the path, as in target.search_path: [public]`,
  ];
}
