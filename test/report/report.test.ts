import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { hash } from '../../src/core/kernel/ids.ts';
import type { RunEvent } from '../../src/core/run/events.ts';
import { markdownReport } from '../../src/report/report.ts';
import { NothingRecorded, type Told } from '../../src/report/story.ts';
import { reportPlan } from './a-plan.ts';
import * as runs from './runs.ts';
import { strayMarkup, structureOf } from './structure.ts';
import { at, type ToldRun } from './told-run.ts';

test('the report of an automatic rollback matches the stored example', async () => {
  await expect(runs.automaticRun().report()).toMatchFileSnapshot('./automatic-rollback.md.snap');
});

const short = reportPlan({ watch: { for: '10m' } });

test.each([
  {
    scripts: [{ file: 'undo.js', hash: hash('sha256:1') }],
    says: ', files `undo.js` (`sha256:1`). An answer is valid',
  },
  { scripts: [], says: ', no file of its commands. An answer is valid' },
])('the report says which files an answer was bound to: $says', ({ scripts, says }) => {
  const run = runs.waitingRun();
  const entries = run.entries.map(({ event, ...entry }) =>
    event.type === 'recommendation-raised'
      ? { ...entry, event: { ...event, binding: { ...event.binding, scripts } } }
      : { ...entry, event },
  );
  expect(markdownReport({ plan: reportPlan(), entries, now: run.now })).toContain(says);
});

test.each<{
  readonly when: string;
  readonly run: () => ToldRun;
  readonly says: readonly string[];
  readonly not?: readonly string[];
}>([
  {
    when: 'Ripcord rolled back by itself',
    run: runs.automaticRun,
    says: [
      '# Post-rollback analysis of run 2026-11-22-1',
      'the guard saw a breach of performance: molecule-search is 1.9x as slow as before phase 3',
      'The record points to phase 3, relationship-remediation: when it started, this was not there yet.',
      'Ripcord rolled back by itself, as the pre-approval undo-scripted-phases allows, which Dana Weiss (database administrator) had activated.',
      'Ripcord compared it with its snapshot from before the change, as far as that covers it, and found no difference. “Verification” names what was compared and what was not.',
      'The watch settled after 1h, without a relapse.',
      '1h 01m passed, of which 1m 55s was not counted because the guard was blind or down.',
      '| The rollback, from its start to its end | 5m 25s | 10m (its estimate) | 0.54x |',
      '“Between 2026-11-22 02:14 and 2026-11-22 02:19 UTC, maintenance may have disturbed the service.',
    ],
    not: ['shorter than'],
  },
  {
    when: 'two people approved it',
    run: runs.approvedRun,
    says: [
      'Priya Nair (project manager) and Lena Costa (technical lead) approved the rollback 2m 53s after it was recommended',
      '**Why a person was asked**: the run is not armed; pre-approval undo-scripted-phases',
      'With it came 1 more breach: integrity of no-orphan-prediction.',
      '| Approved | 2026-11-22 02:17:00 | 2m 53s |',
      'The watch is not over: 12m of 1h has been seen so far, without a relapse.',
    ],
    not: ['A text that the record supports'],
  },
  {
    when: 'somebody ordered it though nothing was broken',
    run: runs.orderedRun,
    says: [
      'Dana Weiss (database administrator) ordered the rollback: “the export needs the old names”.',
      '| Rollback ordered | 2026-11-22 02:14:10 |  |',
    ],
    not: ['after it was recommended', 'Breach seen', 'From the breach', 'From the recommendation'],
  },
  {
    when: 'somebody declined',
    run: runs.declinedRun,
    says: [
      '# Report on run 2026-11-22-1',
      'Dana Weiss (database administrator) declined to roll back: “a cold cache; it will pass”. Nothing was undone.',
      'running: relationship-remediation',
    ],
    not: ['## Steps of the rollback', '## Verification', '## The watch'],
  },
  {
    when: 'nobody has answered yet',
    run: runs.waitingRun,
    says: [
      'Recommendation 2026-11-22-1-r1 waits for an answer until 2026-11-22 02:44:07 UTC.',
      '**First**, answer `2026-11-22-1-r1`',
    ],
  },
  {
    when: 'the comparison found a difference',
    run: runs.askingRun,
    says: [
      'Ripcord began to roll back by itself',
      '**The rollback waits for a person**, 1 of 2 steps done. The database is not as it was before relationship-remediation.',
      'table public.molecule_experiments is new',
      'not proved: see the question above',
      'The watch has not started.',
    ],
    not: ['It was compared'],
  },
  {
    when: 'a person accepted the difference',
    run: runs.acceptedRun,
    says: [
      '**It was not proved by comparison** with the snapshot from before the change: Dana Weiss (database administrator) accepted it by hand.',
      '| Accepted by hand, not proved | 2026-11-22 02:31:00 |',
      'not proved: accepted by hand',
      '“the empty table does no harm”',
    ],
    not: ['It was compared'],
  },
  {
    when: 'a person gave the rollback up',
    run: runs.givenUpRun,
    says: [
      'The rollback was aborted, 1 of 2 steps done: what is undone stays undone.',
      '| relationship-remediation/verify | compares with the boundary | not done |',
      '**First**, a person must act: ',
    ],
    not: ['waits for a person', 'It was compared', 'ripcord approve'],
  },
  {
    when: 'forward work could not be stopped',
    run: runs.blockedRun,
    says: [
      '**The rollback waits for a person**, 0 of 2 steps done. Forward work could not be proved stopped: still there: session 812',
      'It has not been compared yet with its snapshot from before the change.',
      'It is not proved yet that forward work has stopped.',
    ],
  },
  {
    when: 'a restore was given up midway',
    run: runs.givenUpRestore,
    says: [
      'The rollback was aborted, 1 of 3 steps done: what is undone stays undone. **Left to people**: start-web and maintenance-off.',
      'a person must act: the restore 2026-11-22-1-r1-rollback failed, and Ripcord never retries it by itself; left to you: start-web, maintenance-off.',
    ],
  },
  {
    when: 'it relapsed during the watch',
    run: runs.relapsedRun,
    says: [
      '**with a relapse at 02:31:00 UTC**',
      'Ripcord undoes nothing because of a relapse, so a person must judge it.',
      '| First relapse | 2026-11-22 02:31:00 |',
    ],
  },
  {
    when: 'a phase was lost',
    run: runs.lostRun,
    says: ['**Unknown how far relationship-remediation got**', 'No rollback was recommended and none was made.'],
  },
  {
    when: 'nothing went wrong',
    run: runs.quietRun,
    says: [
      'No rollback was recommended and none was made.',
      'Nothing was rolled back, so there is nothing to analyse.',
    ],
    not: ['## Evidence', '## Key times'],
  },
  {
    when: 'the plan watches for less than an hour',
    run: () => runs.automaticRun(short),
    says: [
      'The plan’s watch is shorter than the recommended hour.',
      '**shorter than the hour that Ripcord recommends**',
    ],
  },
  {
    when: 'the run was closed before the watch was over',
    run: runs.hastyRun,
    says: ['**The run was closed before the watch was over**: 12m of 1h was seen, without a relapse.'],
  },
  {
    when: 'nobody answered in time and it was raised again',
    run: runs.expiredRun,
    says: ['1 earlier recommendation had no effect (expired or superseded); see the timeline.', '2026-11-22-1-r2'],
  },
  {
    when: 'phase 3 was rolled back twice',
    run: runs.twiceRun,
    says: [
      '### Recommendation 2026-11-22-1-r1',
      '### Recommendation 2026-11-22-1-r2',
      'relationship-remediation, attempt 2',
    ],
  },
])('the report when $when', ({ run, says, not = [] }) => {
  const report = run().report();
  for (const sentence of says) expect(report).toContain(sentence);
  for (const sentence of not) expect(report).not.toContain(sentence);
  expect(strayMarkup(report)).toEqual([]);
  expect(structureOf(report).filter((kind) => kind.startsWith('a'))).toEqual([]);
});

test('every moment of a run has a report', () => {
  const { plan, entries } = runs.automaticRun();
  for (let count = 1; count <= entries.length; count += 1) {
    const so = entries.slice(0, count);
    const report = markdownReport({ plan, entries: so, now: so.at(-1)?.event.at ?? at('1h') });
    expect(report).toContain(`Last entry: ${count}`);
  }
});

test('without an entry there is no report', () => {
  expect(() => markdownReport({ plan: reportPlan(), entries: [], now: at('1h') })).toThrow(NothingRecorded);
});

/** Replaces everything in the record that a program or a person wrote with `text`. */
function spoiled(event: RunEvent, text: string): RunEvent {
  const free = ['output', 'question', 'reason', 'because'] as const;
  const words = free.filter((key) => key in event && event.type !== 'pre-approval-ended');
  const evidence = 'evidence' in event ? { evidence: event.evidence.map((one) => ({ ...one, summary: text })) } : {};
  return { ...event, ...Object.fromEntries(words.map((key) => [key, text])), ...evidence };
}

test('whatever programs and people wrote, the report keeps its structure', () => {
  const { plan, entries, now } = runs.acceptedRun();
  const build = (text: string) => {
    const told: readonly Told[] = entries.map((entry) => ({ ...entry, event: spoiled(entry.event, text) }));
    return markdownReport({ plan, entries: told, now });
  };
  const tame = structureOf(build('tame'));
  const markup = fc.constantFrom('|', '\\', '`', '```', '\n', '# ', '- ', '> ', '<b>', '**', '_', '~~', '[a](b)', 'a');
  const text = fc.array(markup, { minLength: 1, maxLength: 12 }).map((parts) => `x${parts.join('')}x`);
  fc.assert(
    fc.property(text, (some) => {
      const report = build(some);
      expect(structureOf(report)).toEqual(tame);
      expect(strayMarkup(report)).toEqual([]);
    }),
  );
});
