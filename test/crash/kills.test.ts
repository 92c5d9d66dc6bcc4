import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { taggedProcesses } from '../../src/phases/tagged-processes.ts';
import { readEvent } from '../../src/core/run/catalogue.ts';
import { openJournalReader } from '../../src/journal/sqlite/reader.ts';
import { everyCase } from '../support/every-case.ts';
import { faultsOf, kinds } from './invariants.ts';
import { miniature } from './miniature.ts';
import { Operator } from './operator.ts';

/** `npm run test:every-case`, which CI runs, kills after each kind of event; `npm test` after every sixth. */
const after = everyCase ? kinds : kinds.filter((_, place) => place % 6 === 0);

test(`a guard that is killed after each of ${after.length} kinds of event still completes: undone, proved, watched, closed`, async () => {
  await using mini = await miniature();
  const ending = await new Operator(mini, { kinds: after }).toTheEnd(220_000);
  expect(await faultsOf(mini, ending)).toEqual([]);
  const deaths = new Set((await readFile(mini.deathsFile, 'utf8')).split('\n'));
  expect(after.filter((kind) => !deaths.has(kind))).toEqual([]);

  await using journal = await openJournalReader(mini.journal);
  const entries = await journal.read(ending.view.run);
  const seen = new Set(entries.map(({ event }) => readEvent(event).type));
  expect(kinds.filter((kind) => !seen.has(kind.split(':')[0] as never))).toEqual([]);
  const tags = entries.flatMap(({ event }) => ('tag' in event && typeof event.tag === 'string' ? [event.tag] : []));
  expect((await Promise.all(tags.map(taggedProcesses))).flat()).toEqual([]);
}, 240_000);
