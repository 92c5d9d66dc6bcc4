import { dirname, resolve } from 'node:path';

import { count } from '../core/kernel/count.ts';
import { type ExitCode, exitCodes, RipcordError } from '../core/kernel/errors.ts';
import { hashOf } from '../core/kernel/hash.ts';
import type { Hash } from '../core/kernel/ids.ts';
import type { EnvironmentPlan } from '../core/plan/environment.ts';
import { fillIn } from '../core/plan/expand.ts';
import type { Fault } from '../core/plan/fault.ts';
import { hidden } from '../core/plan/hidden.ts';
import { hideSecrets, type Hiding } from '../core/plan/hide-secrets.ts';
import { type Parsed, parsePlan } from '../core/plan/parse.ts';
import type { Plan } from '../core/plan/plan.ts';
import { type RecordedPlan, recordedText } from '../core/plan/recorded.ts';
import { sayFault } from '../core/plan/say.ts';
import { UnusableFile } from '../system/read-text.ts';
import { readPlanText, valuesFrom } from './plan-text.ts';

/** The plan as the daemon runs it. */
export interface LoadedPlan {
  readonly plan: Plan;
  readonly environment: { readonly name: string } & EnvironmentPlan;
  readonly secrets: readonly string[];
  /** Redacts secrets in what is stored and shown. */
  readonly hide: Hiding;
  /** Replaces the placeholders in what is about to run. */
  readonly fill: (text: string) => string;
  /** Warnings: what the plan says and probably does not mean, one sentence each. */
  readonly warnings: readonly string[];
  /** The hash of the text as it was read, before secrets are put in. */
  readonly hash: Hash;
  /** The plan in the form that a run's journal stores. */
  readonly recorded: RecordedPlan;
  /** The file that it was read from. */
  readonly file: string;
  /** The folder in which relative commands start. */
  readonly folder: string;
}

export class PlanRefused extends RipcordError {
  readonly faults: readonly Fault[];
  constructor(file: string, faults: readonly Fault[]) {
    const lines = faults.map((fault) => `\n  ${sayFault(fault, file)}`).join('');
    super(
      {
        found: `${count(faults.length, 'fault')} in ${file}`,
        wanted: 'a sound plan',
        todo: `Correct it:${lines}`,
      },
      exitCodes.usage,
    );
    this.faults = faults;
  }
}

class PlanUnreadable extends RipcordError {
  constructor(
    found: string,
    wanted: string,
    todo: string,
    exitCode: ExitCode = exitCodes.usage,
    options?: ErrorOptions,
  ) {
    super({ found, wanted, todo }, exitCode, options);
  }
}

const fill = (written: string): string => fillIn(written, process.env);

const readPlan = (file: string): string => {
  try {
    return readPlanText(file);
  } catch (cause) {
    if (!(cause instanceof UnusableFile)) throw cause;
    const todo = 'Check the path, or write one and give it with --plan FILE';
    throw new PlanUnreadable(cause.found, `the plan, ${cause.wanted}`, todo, exitCodes.usage, { cause });
  }
};

/** Parses again only if the text or a file that it names has changed: a broken plan may take long, and is read for weeks. */
function parserOf(folder: string, environment: string | undefined): (text: string) => Parsed {
  let before: { readonly text: Hash; readonly values: ReadonlyMap<string, Hash>; readonly parsed: Parsed } | undefined;
  const readFile = valuesFrom(folder);
  const hashAt = (path: string) => hashOf(readFile(path) ?? null);
  return (text) => {
    const hash = hashOf(text);
    const isSame = before?.text === hash && [...before.values].every(([path, value]) => hashAt(path) === value);
    if (before !== undefined && isSame) return before.parsed;
    const values = new Map<string, Hash>();
    const parsed = parsePlan(text, {
      env: process.env,
      readFile: (path) => {
        const value = readFile(path);
        values.set(path, hashOf(value ?? null));
        return value;
      },
      ...(environment !== undefined && { environment }),
    });
    before = { text: hash, values, parsed };
    return parsed;
  };
}

/** Reads the plan for one environment, once. Rejects with every fault at once. */
export const loadPlan = (file: string, environment: string | undefined): LoadedPlan => planLoader(file, environment)();

/** The same for a plan that is read again and again. */
export function planLoader(file: string, environment: string | undefined): () => LoadedPlan {
  const folder = dirname(resolve(file));
  const parse = parserOf(folder, environment);
  return () => {
    const text = readPlan(file);
    return loaded(text, parse(text), file, folder);
  };
}

function loaded(text: string, parsed: Parsed, file: string, folder: string): LoadedPlan {
  if ('faults' in parsed) throw new PlanRefused(file, parsed.faults);
  const { plan, warnings, environment: name } = parsed;
  const chosen = name === undefined ? undefined : plan.environments[name];
  if (name === undefined || chosen === undefined) {
    const names = Object.keys(plan.environments).join(', ');
    throw new PlanUnreadable('no environment was named', `one of ${names}`, 'Name it: --env NAME');
  }
  const secrets = hidden(parsed.secrets, chosen.target);
  const [hide, hash] = [hideSecrets(secrets), hashOf(text)];
  const recorded = { hash, text: recordedText(text, parsed, name), settings: parsed.settings };
  return { plan, environment: { name, ...chosen }, secrets, hide, fill, warnings, hash, recorded, file, folder };
}

/** An edited plan takes effect at the next start, which its author should know. */
export function whatWasEdited({ file, hash }: Pick<LoadedPlan, 'file' | 'hash'>): readonly string[] {
  try {
    return hashOf(readPlanText(file)) === hash
      ? []
      : [`${file} was edited: the guard uses the plan that it started with until you restart it`];
  } catch (error) {
    if (!(error instanceof UnusableFile)) throw error;
    return [`${error.found}; the guard continues with the plan that it started with`];
  }
}
