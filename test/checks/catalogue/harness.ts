import { randomBytes } from 'node:crypto';

import { describe, expect, inject, test } from 'vitest';

import { checks } from '../../../src/checks/catalogue.ts';
import type { Check, Sample, Scope } from '../../../src/checks/check.ts';
import { executeCheck } from '../../../src/checks/execute-check.ts';
import { notApplicable, readServer } from '../../../src/checks/server.ts';
import { type Declared, nothingDeclared } from '../../../src/core/evidence/declared.ts';
import type { Finding } from '../../../src/core/evidence/finding.ts';
import { instant, millis, seconds } from '../../../src/core/kernel/units.ts';
import { type CatalogueId, type Limits, cataloguePlan } from '../../../src/core/plan/catalogue.ts';
import { heldConnection, type HeldConnection } from '../../../src/target/connection.ts';
import { codeOfRelations } from '../../../src/target/untrusted-code.ts';
import { checksSession } from '../../support/checks-session.ts';
import { database, type TestDatabase } from '../../support/database.ts';
import { everyCase } from '../../support/every-case.ts';
import { type TestRole, temporaryRole } from '../../target/role.ts';

/** What a case may use to plant its fault: the scratch database, and the guard's role. */
export interface Ground {
  readonly db: TestDatabase;
  readonly guard: string;
}

/** Runs as superuser: statements, or a function with sessions of its own, which are disposed when the case is over. */
export type Deed = readonly string[] | ((ground: Ground) => Promise<AsyncDisposable | void>);

/** Proof that one check can fail: a fault is planted on a real PostgreSQL, removed again, and hidden. */
export interface Case<Id extends CatalogueId = CatalogueId> {
  readonly id: Id;
  /** Describes the case, if a check has several. */
  readonly when?: string;
  /** Runs before the baseline is frozen. */
  readonly setup?: Deed;
  readonly plant: Deed;
  /** Undoes `plant`. A function with sessions is undone by ending them. */
  readonly heal?: Deed;
  /** Takes away the permissions that the guard needs for the check, given `${guard}`. */
  readonly withhold: (ground: Ground) => Deed;
  /** Objects that are at fault once the fault is planted. */
  readonly faults: readonly string[];
  /** Rewrites the found objects to match `faults`, if a name is known only at run time. */
  readonly named?: (objects: readonly string[]) => readonly string[];
  readonly scope?: Partial<Scope>;
  readonly limits?: Partial<Limits<Id>>;
  readonly declared?: Declared;
  /** How often the check runs after planting, for faults that show only between two runs. The last run counts. */
  readonly looks?: number;
  /** Roles of the shared server. They are created before `setup` and dropped at the end with everything they own. */
  readonly roles?: readonly string[];
  /** Counts only objects with this name, because roles of other tests come and go on the shared server. */
  readonly only?: string;
}

export const provable = <Id extends CatalogueId>(one: Case<Id>): Case<Id> => one;

/** A role name that no other test uses. */
export const roleName = (): string => `role_${randomBytes(6).toString('hex')}`;

async function temporaryRoles({ db }: Ground, names: readonly string[]): Promise<AsyncDisposable> {
  for (const name of names) await db.query(`create role ${name}`);
  return {
    async [Symbol.asyncDispose]() {
      for (const name of names) await db.query(`drop owned by ${name}`);
      for (const name of names) await db.query(`drop role ${name}`);
    },
  };
}

/** Leaves out everything that the case is not about. */
function onlyOf(finding: Finding, only: string | undefined): Finding {
  if (only === undefined || finding.faults === undefined) return finding;
  const faults = finding.faults.filter(({ object }) => object.includes(only));
  return { ...finding, faults, status: faults.length === 0 && finding.status === 'breach' ? 'ok' : finding.status };
}

async function perform(deed: Deed | undefined, ground: Ground): Promise<AsyncDisposable | void> {
  if (typeof deed === 'function') return await deed(ground);
  for (const statement of deed ?? []) await ground.db.query(statement);
}

/** Runs the check as the guard does, over a connection of its own. */
export async function lookingAs(
  connection: HeldConnection,
  one: Omit<Case, 'plant' | 'withhold' | 'faults'> & { readonly frozen?: Finding },
) {
  const tuned = cataloguePlan.parse({})[one.id];
  const limits = { ...(tuned === 'off' ? {} : tuned), ...one.limits } as unknown as Limits<CatalogueId>;
  const check = checks[one.id] as Check;
  let [clock, baseline, earlier]: [number, Finding | undefined, Sample | undefined] = [1_000, one.frozen, undefined];
  const server = await readServer(connection);
  const { url } = connection;
  const beside = async <T>(name: string, readsUserData: boolean, work: (on: HeldConnection) => Promise<T>) => {
    const common = { readOnly: true, seesAllRows: true, statementTimeout: seconds(5) };
    await using session = heldConnection({ url, name, ...common, readsUserData });
    return await work(session);
  };
  return async (capturing = false): Promise<Finding> => {
    clock += 60_000;
    const looked = await executeCheck(check, connection, {
      scope: {
        server,
        watchRoles: [],
        exposedSchemas: ['public'],
        identities: [],
        staticTables: [],
        phaseTables: [],
        phases: [],
        phase: { role: undefined, tags: [] },
        code: (relations, reader) =>
          codeOfRelations(connection, relations, { trusts: [], path: ['public'], reader: reader !== undefined }),
        aside: (work) => beside('aside', false, work),
        rows: (work) => beside('rows', true, work),
        ...one.scope,
      },
      declared: one.declared ?? nothingDeclared,
      baseline: baseline?.seen,
      boundary: baseline?.seen,
      earlier,
      limits,
      capturing,
      now: () => instant(clock),
    });
    if (capturing) baseline = looked.finding;
    earlier = looked.sample;
    return onlyOf(looked.finding, one.only);
  };
}

const held = (url: string): HeldConnection =>
  checksSession(url, { seesAllRows: true, statementTimeout: millis(10_000) });

/** What the check found in each state; undefined if the check does not apply to this server. */
async function prove(one: Case, server: string) {
  await using db = await database(server);
  await using role: TestRole = await temporaryRole(db, 'login bypassrls');
  const ground: Ground = { db, guard: role.name };
  await using _roles = await temporaryRoles(ground, one.roles ?? []);
  await db.query(`grant pg_monitor to ${role.name}`);
  await perform(one.setup, ground);
  await db.query(`grant select on all tables in schema public to ${role.name}`);
  await using connection = held(db.urlAs(role.name));
  if (notApplicable(checks[one.id] as Check, await readServer(connection)) !== undefined) return undefined;
  const look = await lookingAs(connection, one);
  if ((checks[one.id] as Check).counts === true) await look();
  const before = await look(true);
  const planted = await plantAndLook(one, ground, look);
  await perform(one.heal, ground);
  const healed = await look();
  await perform(one.withhold(ground), ground);
  return { before, planted, healed, hidden: await look() };
}

async function plantAndLook(one: Case, ground: Ground, look: () => Promise<Finding>): Promise<Finding> {
  await using _planted = (await perform(one.plant, ground)) ?? { [Symbol.asyncDispose]: async () => undefined };
  for (let more = one.looks ?? 1; more > 1; more -= 1) await look();
  return await look();
}

type Tested = 15 | 18;
const shared = (major: Tested): string => inject(major === 15 ? 'postgres' : 'postgres18');

/** The servers for the special cases: none, unless every case is requested. */
export const testedServers: readonly ('postgres' | 'postgres18')[] = everyCase ? ['postgres', 'postgres18'] : [];
/** Without that, the first case of each check, on both majors. */
const casesOf = (cases: readonly Case[]): readonly Case[] =>
  everyCase ? cases : cases.filter((one, place) => cases.findIndex(({ id }) => id === one.id) === place);

/**
 * Runs each case on each server, the shared ones unless others are given: the check finds the fault, stops reporting it
 * once it is repaired, and does not report ok if it cannot look.
 */
export function proveAll(cases: readonly Case[], serverOf: (major: Tested) => string = shared): void {
  describe.each([15, 18] as const)('on PostgreSQL %i', (major) => {
    const titled = casesOf(cases).map((one) => ({
      ...one,
      title: one.when === undefined ? one.id : `${one.id} (${one.when})`,
    }));
    test.each(titled)(
      '$title: a planted fault is a breach, repaired it is ok, and without permission it is unknown',
      async (one) => {
        const proof = await prove(one, serverOf(major));
        if (proof === undefined) return;
        expect(proof).toMatchObject({
          before: { status: 'ok' },
          planted: { status: 'breach' },
          healed: { status: 'ok' },
          hidden: { status: 'unknown' },
        });
        const objects = proof.planted.faults?.map(({ object }) => object) ?? [];
        expect((one.named?.(objects) ?? objects).toSorted()).toEqual(one.faults.toSorted());
      },
    );
  });
}

/** Takes away the guard's permission to read this catalog or view. */
export const hide =
  (...relations: readonly string[]) =>
  ({ guard }: Ground): Deed => [
    ...relations.map((name) => `revoke select on pg_catalog.${name} from public`),
    ...relations.map((name) => `revoke select on pg_catalog.${name} from ${guard}`),
  ];
