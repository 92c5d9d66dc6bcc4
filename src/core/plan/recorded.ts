import { exitCodes, RipcordError } from '../kernel/errors.ts';
import { hidingText } from '../kernel/hide-text.ts';
import type { Hash } from '../kernel/ids.ts';
import type { Fault } from './fault.ts';
import { type Parsed, parsePlan } from './parse.ts';
import type { Plan } from './plan.ts';
import { sayFault } from './say.ts';
import { withoutSecrets } from './without-secrets.ts';

type Sound = Extract<Parsed, { readonly plan: unknown }>;

/** A plan as a run's journal keeps it. */
export interface RecordedPlan {
  /** Of the file's text, secrets included: what approvals are bound to. */
  readonly hash: Hash;
  /** The file's text: placeholders as they were written, and no secret. */
  readonly text: string;
  /** What placeholders stood for where a plan has nothing to hide, by name: names, lengths, references. */
  readonly settings: Readonly<Record<string, string>>;
}

const reading = (text: string, environment: string, settings: RecordedPlan['settings']): Parsed =>
  parsePlan(text, { environment, env: settings, readFile: () => undefined, unfilled: true });

/**
 * A sound plan's text as a journal keeps it: without its secrets, and such that it can be read again. A secret that is a word of
 * the plan itself stays there, as every word of it does.
 */
export function recordedText(text: string, parsed: Sound, environment: string): string {
  const { secrets, settings } = parsed;
  const without = (some: readonly string[]): string => withoutSecrets(text, hidingText(some));
  const isRead = (shown: string): boolean => 'plan' in reading(shown, environment, settings);
  const all = without(secrets);
  // Where none of them is to blame, all stay hidden.
  if (isRead(all) || !isRead(without([]))) return all;
  return without(secrets.filter((one) => isRead(without([one]))));
}

/** A newer Ripcord, or one that is older, may want another form of plan than the one that wrote this. */
export class RecordedPlanUnreadable extends RipcordError {
  readonly faults: readonly Fault[];
  constructor({ hash }: RecordedPlan, faults: readonly Fault[]) {
    const lines = faults.map((fault) => `\n  ${sayFault(fault, 'the recorded plan')}`).join('');
    super(
      {
        found: `this version of Ripcord cannot read the plan ${hash} that the run's journal holds`,
        wanted: 'a plan that it can read',
        todo: `Read the run with the version of Ripcord that guarded it; ripcord run plan prints the text:${lines}`,
      },
      exitCodes.failed,
    );
    this.faults = faults;
  }
}

/** The plan that a run was guarded by. What its placeholders stood for is not known any more. Throws RecordedPlanUnreadable. */
export function readRecordedPlan(recorded: RecordedPlan, environment: string): Plan {
  const { text, settings } = recorded;
  const parsed = reading(text, environment, settings);
  if ('faults' in parsed) throw new RecordedPlanUnreadable(recorded, parsed.faults);
  return parsed.plan;
}
