import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { type Miniature, secret } from './miniature.ts';
import type { Ending } from './operator.ts';

/** Every kind of event in a run of the miniature plan, in order. Steps for which a crash matters have their name added. */
export const kinds = [
  'run-opened',
  'capture-started',
  'baseline-frozen',
  'requirement-waived',
  'pre-approval-activated',
  'run-armed',
  'phase-started',
  'phase-spawned',
  'phase-finished',
  'finding-changed',
  'recommendation-raised',
  'stop-work-started',
  'fence-raised',
  'stop-work-proved',
  'phase-applied',
  'step-started:note',
  'step-done:note',
  'step-started:heal',
  'step-spawned:heal',
  'step-done:heal',
  'step-started:tidy',
  'step-done:tidy',
  'step-started:verify',
  'rollback-done',
  'fence-lifted',
  'guard-restarted',
  'watch-settled',
  'run-closed',
] as const;

/** Checks what must hold at the end, however often the daemon was killed. Returns one sentence per violation. */
export async function faultsOf({ db, role, journal }: Miniature, { view, asked }: Ending): Promise<readonly string[]> {
  const { rows } = await db.query('select what, count(*)::int as times from ran group by what');
  const times = new Map(rows.map(({ what, times }) => [String(what), Number(times)]));
  const { rows: broken } = await db.query('select id from broken');
  const fenced =
    (await db.query('select from pg_roles where rolname = $1 and not rolcanlogin', [role])).rows.length > 0;
  await using reader = await openJournalReader(journal);
  const { faults } = await reader.verify();
  const journalled = JSON.stringify(await reader.read(view.run));
  const reportFile = `${view.plan.name}@${view.environment}-${view.run}.md`;
  const report = await readFile(join(dirname(journal), 'reports', reportFile), 'utf8').catch(() => 'none');
  const states = view.phases.map(({ state }) => state).join(', ');
  const once = (what: string) =>
    times.get(what) === 1 ? [] : [`${what}, which must not run twice, ran ${times.get(what) ?? 0} times`];
  return [
    ...once('note'),
    ...once('heal'),
    ...((times.get('tidy') ?? 0) >= 1 ? [] : ['tidy did not run']),
    ...(broken.length === 0 ? [] : ['the damage is still there']),
    ...(states === 'finished, undone' ? [] : [`the phases are ${states}`]),
    ...(view.watch?.state === 'settled' ? [] : ['the watch did not settle']),
    ...(fenced || view.fence !== undefined ? ['the phases’ role still cannot log in'] : []),
    ...(view.rollback?.state === 'done' ? [] : ['the rollback is not done']),
    ...(report.includes('the end') ? [] : ['the report does not mention the end of the run']),
    ...(journalled.includes(secret) ? ['the journal contains a secret of the plan'] : []),
    ...faults.map(({ seq, found }) => `the chain is broken at ${seq}: ${found}`),
    ...asked.filter(({ question }) => question === '').map(({ step }) => `${step} was asked about without a question`),
  ];
}
