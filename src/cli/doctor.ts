import { exitCodes } from '../core/kernel/errors.ts';
import { type Examined, examine } from '../daemon/examine.ts';
import { loadPlan } from '../daemon/load-plan.ts';
import { type Call, type JsonOption, type PlanOptions, toJson } from './call.ts';
import { journalBeside } from './journal-beside.ts';
import { type Row, table } from './layout.ts';
import { newestRun } from './run-beside.ts';
import { printable } from './terminal.ts';

export type DoctorOptions = PlanOptions & JsonOption & { readonly journal?: string };

const rowOf = ({ part, state, said }: Examined): Row => [
  { text: state, tone: state === 'well' ? 'good' : 'bad' },
  part,
  said,
];

/** Looks at everything that a run will depend on. Nothing is changed or planted. */
export async function doctor({ options, terminal }: Call<DoctorOptions>): Promise<number> {
  const loaded = loadPlan(options.plan, options.env);
  const state = await newestRun(options.journal ?? journalBeside(options.plan));
  const found = await examine(loaded, state);
  const isWell = found.every((one) => one.state === 'well');
  if (options.json === true) terminal.answer(toJson({ well: isWell, found }));
  else terminal.answer(printable(table(found.map(rowOf), terminal).join('\n')));
  return isWell ? exitCodes.well : exitCodes.failed;
}
