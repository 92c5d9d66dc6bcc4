import { parseArgs } from 'node:util';

import { WrongUsage } from '../support/options.ts';
import { laws } from './laws/laws.ts';
import { rules } from './rules.ts';

export interface Options {
  readonly quick: boolean;
  readonly seed: string;
  /** Watches that must stay quiet; two fifths of that for cases with a delay to measure. */
  readonly watches: number;
  readonly rules: readonly string[];
  readonly laws: readonly string[];
  /** The folder for results, plots and the filled-in document; undefined writes nothing. */
  readonly out: string | undefined;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        seed: { type: 'string', default: 'public' },
        watches: { type: 'string' },
        only: { type: 'string' },
        laws: { type: 'string' },
        out: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new WrongUsage(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function choose(option: string, text: string | undefined, names: readonly string[]): readonly string[] {
  const chosen = text?.split(',') ?? names;
  const unknown = chosen.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new WrongUsage(`${option} ${unknown.join(',')}: wanted some of ${names.join(',')}`);
  return names.filter((name) => chosen.includes(name));
}

/** Reads the command line. Throws WrongUsage. */
export function readOptions(args: readonly string[]): Options {
  const { quick, seed, only, out, ...values } = parse(args);
  const watches = Number(values.watches ?? (quick ? 30 : 600));
  if (!Number.isInteger(watches) || watches < 1) {
    throw new WrongUsage(`--watches ${values.watches}: wanted a whole number from 1`);
  }
  const isWhole = !quick && only === undefined && values.laws === undefined;
  return {
    quick,
    seed,
    watches,
    rules: choose(
      '--only',
      only,
      rules.map(({ name }) => name),
    ),
    laws: choose(
      '--laws',
      values.laws,
      laws.map(({ name }) => name),
    ),
    out: out ?? (isWhole ? 'docs' : undefined),
  };
}
