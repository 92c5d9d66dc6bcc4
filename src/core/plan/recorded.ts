import { exitCodes, RipcordError } from '../kernel/errors.ts';
import { hidingText } from '../kernel/hide-text.ts';
import type { Hash } from '../kernel/ids.ts';
import type { Fault } from './fault.ts';
import { type Parsed, parsePlan } from './parse.ts';
import type { Plan } from './plan.ts';
import { sayFault } from './say.ts';
import { withoutSecrets } from './without-secrets.ts';

type Sound = Extract<Parsed, { readonly plan: unknown }>;

/** A plan as a run's journal stores it. */
export interface RecordedPlan {
  /** Hash of the file's text including secrets; approvals are bound to it. */
  readonly hash: Hash;
  /** The file's text without secrets, with placeholders as written. */
  readonly text: string;
  /** The values of placeholders in places that need no hiding, by name: names, lengths, references. */
  readonly settings: Readonly<Record<string, string>>;
}

const reading = (text: string, environment: string, settings: RecordedPlan['settings']): Parsed =>
  parsePlan(text, { environment, env: settings, readFile: () => undefined, unfilled: true });

/**
 * A valid plan's text as a journal stores it: without secrets, but still parsable. A secret that is also a word of the plan
 * itself stays, like every other word.
 */
export function recordedText(text: string, parsed: Sound, environment: string): string {
  const { secrets, settings } = parsed;
  const without = (some: readonly string[]): string => withoutSecrets(text, hidingText(some));
  const isRead = (shown: string): boolean => 'plan' in reading(shown, environment, settings);
  const all = without(secrets);
  // If none of them is the reason, all stay hidden.
  if (isRead(all) || !isRead(without([]))) return all;
  return without(secrets.filter((one) => isRead(without([one]))));
}

/** Another version of Ripcord may expect a different plan format than the version that wrote this one. */
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

/** The plan that guarded a run. The values of its placeholders are lost. Throws RecordedPlanUnreadable. */
export function readRecordedPlan(recorded: RecordedPlan, environment: string): Plan {
  const { text, settings } = recorded;
  const parsed = reading(text, environment, settings);
  if ('faults' in parsed) throw new RecordedPlanUnreadable(recorded, parsed.faults);
  return parsed.plan;
}
