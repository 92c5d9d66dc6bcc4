import { performance } from 'node:perf_hooks';

import { exitCodes } from '../core/kernel/errors.ts';
import { sayFirst } from '../core/kernel/sentence.ts';
import { namesIn, type SqlNames } from '../core/plan/sql-names.ts';
import { type Asks, type CodeWatch, watchCode } from './code-watch.ts';
import type { HeldConnection } from './connection.ts';
import { TargetError } from './errors.ts';
import { AmbiguousName } from './shadowed-names.ts';

/** Code of an untrusted role that would run with the guard's rights if the guard went on reading. */
export interface FoundCode {
  /** The oid of the relation that is read, or that a word of a statement may mean. */
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** The object that holds the code: `index public.orders_expr_idx`. */
  readonly holder: string;
  /** `function public.evil(text)`. */
  readonly runs: string;
  readonly owner: string;
}

/**
 * `public.orders: reading it may run function public.evil(text) of mallory (index public.orders_expr_idx)`, and what to
 * do.
 */
export function sayFound(found: readonly FoundCode[]): string {
  const said = sayFirst(found, ({ schema, name, holder, runs, owner }) => {
    const by = holder.endsWith(runs.replace(/^\w+ /, '')) ? '' : ` (${holder})`;
    return `reading ${schema}.${name} may run ${runs} of ${owner}${by}`;
  });
  const owners = [...new Set(found.map(({ owner }) => owner))].filter((owner) => owner !== 'PUBLIC').join(', ');
  const trust = owners === '' ? '' : `; if its code may see what the guard sees, add ${owners} to target.trusts`;
  const revoke = found.some(({ owner }) => owner === 'PUBLIC') ? '; revoke create on that schema from public' : '';
  return `${said}${trust}${revoke}`;
}

/** The statement was not sent. */
export class UntrustedCode extends TargetError {
  readonly untrusted: readonly FoundCode[];
  constructor(found: readonly FoundCode[]) {
    super(
      {
        found: sayFound(found),
        wanted: 'to run only code of roles that the plan trusts',
        todo: 'Name the owner in target.trusts, or take its function out of what is read',
      },
      exitCodes.unknown,
      'untrusted-code',
    );
    this.untrusted = found;
  }
}

/** The names in the statement cannot be determined, so nobody knows whose code it would run. */
class UnreadableStatement extends TargetError {
  constructor() {
    super(
      {
        found: 'the statement has a name in the form U&"..." or an unterminated quote',
        wanted: 'names that can be compared with those in the database',
        todo: 'Write the name itself between double quotes',
      },
      exitCodes.unknown,
      'untrusted-code',
    );
  }
}

export interface CodeRules {
  /** Roles whose code may run. The bootstrap superuser's always may. */
  readonly trusts: readonly string[];
  /** The search path for unqualified names. */
  readonly path: readonly string[];
  /** Row-level policies restrict the reader, whatever its login. */
  readonly reader: boolean;
  /** The reader's login: policies restrict it unless it bypasses row-level security. */
  readonly login?: string;
}

/** Whether a finding concerns a name in this statement; other statements are watched together with it. */
const isOf = (names: SqlNames, path: readonly string[], { schema, name }: FoundCode): boolean =>
  (names.words.has(name) || names.operators.has(name)) && (path.includes(schema) || names.schemas.has(schema));

/** Vets statements before they are sent. */
export interface Vetting {
  /**
   * Rejects with UntrustedCode or AmbiguousName, or with the TargetError of a failed lookup. `since`: as for `look`.
   */
  vet(statement: string, since?: number): Promise<void>;
  /** A value that changes if anything that a statement names has changed since that statement was last vetted. */
  changes(): string;
}

const none = () => new Set<string>();
const kinds = ['words', 'schemas', 'operators', 'alone'] as const satisfies readonly (keyof SqlNames)[];
const isWatched = (of: SqlNames, names: SqlNames): boolean =>
  kinds.every((kind) => [...names[kind]].every((one) => of[kind].has(one)));

/** Watches all expected statements, and every statement vetted so far, together: a few queries serve many probes. */
export function vetStatements(asks: Asks, rules: CodeRules, expected: readonly string[] = []): Vetting {
  const known = new Map<string, SqlNames>();
  const all = { words: none(), schemas: none(), operators: none(), alone: none() };
  let watch: CodeWatch | undefined;
  let watches = 0;
  /** Undefined if the names cannot be determined. */
  const learn = (statement: string): SqlNames | undefined => {
    const names = known.get(statement) ?? namesIn(statement);
    if (names === undefined || known.has(statement)) return names;
    known.set(statement, names);
    if (isWatched(all, names)) return names;
    for (const kind of kinds) for (const one of names[kind]) all[kind].add(one);
    watch = undefined;
    watches += 1;
    return names;
  };
  for (const statement of expected) learn(statement);
  return {
    async vet(statement, since) {
      const names = learn(statement);
      if (names === undefined) throw new UnreadableStatement();
      await Promise.resolve(); // statements vetted in the same tick are watched from the start
      watch ??= watchCode(asks, { statements: [all] }, rules);
      const found = (await watch.find(since)).filter((one) => isOf(names, rules.path, one));
      if (found.length > 0) throw new UntrustedCode(found);
      const shadowed = watch.shadowed().filter(({ name }) => names.alone.has(name));
      if (shadowed.length > 0) throw new AmbiguousName(shadowed);
    },
    changes: () => `${watches} ${watch?.changes() ?? 0}`,
  };
}

/** Nobody knows what was read: this answer does not count, but the next one may. */
export class ChangedMeanwhile extends TargetError {
  constructor() {
    super(
      {
        found: 'something that the statement reads changed during the query',
        wanted: 'the same tables, views and functions before and after',
        todo: 'If no phase changed it, find out who did; the guard discarded the answer',
      },
      exitCodes.unknown,
      'changed-meanwhile',
    );
  }
}

/**
 * The same connection, restricted: it sends no statement that would run untrusted code, and accepts no answer that may
 * have.
 */
export function vetted(connection: HeldConnection, { vet, changes }: Vetting): HeldConnection {
  return {
    url: connection.url,
    async query(text, values, options) {
      await vet(text);
      const before = changes();
      const answer = await connection.query(text, values, options);
      await vet(text, performance.now());
      if (changes() !== before) throw new ChangedMeanwhile();
      return answer;
    },
    connect: (signal) => connection.connect(signal),
    get connectMs() {
      return connection.connectMs;
    },
    close: () => connection.close(),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

/** Why relations, by oid, must not be read. */
export interface RelationCode {
  /** A sentence that names the code; undefined if the relation may be read. Rejects as `CodeWatch.look` does. */
  why(relation: string, since?: number): Promise<string | undefined>;
  /** As `CodeWatch.changes`. */
  changes(): number;
}

export function codeOfRelations(asks: Asks, relations: readonly string[], rules: CodeRules): RelationCode {
  const watch = watchCode(asks, { relations }, rules);
  return {
    async why(relation, since) {
      const found = (await watch.find(since)).filter(({ oid }) => oid === relation);
      return found.length === 0 ? undefined : sayFound(found);
    },
    changes: watch.changes,
  };
}
