import { userInfo } from 'node:os';

import { count } from '../core/kernel/count.ts';
import { sayMoment } from '../core/kernel/duration.ts';
import { exitCodes } from '../core/kernel/errors.ts';
import { instant } from '../core/kernel/units.ts';
import { type JournalReader, journalStream } from '../journal/journal.ts';
import { acceptJournal, type JournalAccepted } from '../journal/sqlite/accept.ts';
import { openJournalReader } from '../journal/sqlite/reader.ts';
import { type Call, type JsonOption, type PlanOptions, type ReasonOption, toJson } from './call.ts';
import { journalBeside } from './journal-beside.ts';

export type VerifyOptions = PlanOptions & JsonOption & { readonly journal?: string };
export type AcceptOptions = VerifyOptions & Required<ReasonOption>;

const isAcceptance = (event: { readonly type: string }): event is JournalAccepted => event.type === 'journal-accepted';

/** Times when a person continued although the file beside the journal contradicted it: those entries are lost for good. */
async function acceptedIn(journal: JournalReader): Promise<readonly JournalAccepted[]> {
  return (await journal.read(journalStream)).map(({ event }) => event).filter(isAcceptance);
}

const sayAccepted = ({ by, at, reason, although }: JournalAccepted): string =>
  `accepted as it was by ${by} at ${sayMoment(at)}: "${reason}". ${although.join('. ')}`;

/** Recomputes every hash of the journal, beside a running daemon or without one. */
export async function verifyJournal({ options, terminal }: Call<VerifyOptions>): Promise<number> {
  const path = options.journal ?? journalBeside(options.plan);
  await using journal = await openJournalReader(path);
  const { runs, entries, faults } = await journal.verify();
  const accepted = await acceptedIn(journal);
  const sound = faults.length === 0;
  if (options.json === true) terminal.answer(toJson({ journal: path, sound, runs, entries, faults, accepted }));
  else if (sound) {
    terminal.answer(`the journal is sound: ${count(entries, 'entry', 'entries')} in ${count(runs, 'run')}`);
  } else {
    for (const { run, seq, found, wanted } of faults) {
      terminal.answer(`run ${run} is broken at entry ${seq}: found ${found}, wanted ${wanted}`);
    }
    terminal.tell(
      `${count(faults.length, 'run')} of ${runs} broken; entries after the first fault of a run prove nothing`,
    );
  }
  if (options.json !== true) for (const one of accepted) terminal.answer(sayAccepted(one));
  return sound ? exitCodes.well : exitCodes.failed;
}

/** A container's user may have no name, only a number. */
function whoIsThis(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Accepts a journal that was refused because of the `-head` beside it, and records that. */
export async function acceptAsItIs({ options, terminal }: Call<AcceptOptions>): Promise<number> {
  const path = options.journal ?? journalBeside(options.plan);
  const { reason } = options;
  const accepted = acceptJournal(path, { by: whoIsThis(), reason, at: instant(Date.now()) });
  if (options.json === true) terminal.answer(toJson({ journal: path, accepted }));
  else {
    for (const one of accepted.although) terminal.answer(one);
    terminal.answer(
      'The journal now records this, and the guard accepts the journal as it is. Check the target, revoke the revoked tokens again, and disarm the run: ripcord run disarm',
    );
  }
  return exitCodes.well;
}
