import { exitCodes } from '../core/kernel/errors.ts';
import { openJournalReader } from '../journal/sqlite/reader.ts';
import { type Call, type JsonOption, type PlanOptions, toJson } from './call.ts';
import { journalBeside } from './journal-beside.ts';
import { count } from '../core/kernel/count.ts';

export type VerifyOptions = PlanOptions & JsonOption & { readonly journal?: string };

/** Recomputes every hash of the journal, beside a running daemon or without one. */
export async function verifyJournal({ options, terminal }: Call<VerifyOptions>): Promise<number> {
  const path = options.journal ?? journalBeside(options.plan);
  await using journal = await openJournalReader(path);
  const { runs, entries, faults } = await journal.verify();
  const sound = faults.length === 0;
  if (options.json === true) terminal.answer(toJson({ journal: path, sound, runs, entries, faults }));
  else if (sound) {
    terminal.answer(`the journal is sound: ${count(entries, 'entry', 'entries')} in ${count(runs, 'run')}`);
  } else {
    for (const { run, seq, found, wanted } of faults) {
      terminal.answer(`run ${run} is broken at entry ${seq}: found ${found}, wanted ${wanted}`);
    }
    terminal.tell(
      `${count(faults.length, 'run')} of ${runs} broken; what comes after the first fault of a run proves nothing`,
    );
  }
  return sound ? exitCodes.well : exitCodes.failed;
}
