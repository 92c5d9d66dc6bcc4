import { exitCodes } from '../core/kernel/errors.ts';
import { type Examined, examine } from '../one-shot/doctor.ts';
import { type Call, type JsonOption, type PlanOptions, toJson } from './call.ts';
import { journalBeside } from './journal-beside.ts';
import { type Row, table } from './layout.ts';
import { loadedPlan } from './plan-file.ts';
import { newestRun } from './run-beside.ts';

export type DoctorOptions = PlanOptions & JsonOption & { readonly journal?: string };

const tones = { well: 'good', limited: 'warn', wrong: 'bad', unknown: 'bad' } as const;
const rowOf = ({ part, state, said }: Examined): Row => [{ text: state, tone: tones[state] }, part, said];

/** Checks everything that a run depends on. Changes nothing. */
export async function doctor({ options, terminal }: Call<DoctorOptions>): Promise<number> {
  const loaded = loadedPlan({ options, terminal });
  const state = await newestRun(options.journal ?? journalBeside(options.plan), loaded);
  const found = await examine(loaded, state);
  const isWell = found.every(({ state: is }) => is === 'well' || is === 'limited');
  if (options.json === true) terminal.answer(toJson({ well: isWell, found }));
  else terminal.answer(table(found.map(rowOf), terminal).join('\n'));
  return isWell ? exitCodes.well : exitCodes.failed;
}
