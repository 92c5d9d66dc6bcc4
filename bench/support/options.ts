import { parseArgs } from 'node:util';

export interface Options {
  /** Shorter and fewer measurements, to see that they work and not to compare. */
  readonly quick: boolean;
  /** How many rollbacks. */
  readonly repetitions: number;
  /** The names of the wanted figures. */
  readonly only: readonly string[];
}

export class WrongUsage extends Error {}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        repetitions: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new WrongUsage(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Reads the command line. Throws WrongUsage. */
export function readOptions(args: readonly string[], names: readonly string[]): Options {
  const values = parse(args);
  const only = values.only?.split(',') ?? names;
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new WrongUsage(`--only ${unknown.join(',')}: wanted some of ${names.join(',')}`);
  const repetitions = Number(values.repetitions ?? (values.quick ? 20 : 300));
  if (!Number.isInteger(repetitions) || repetitions < 1) {
    throw new WrongUsage(`--repetitions ${values.repetitions}: wanted a whole number from 1`);
  }
  return { quick: values.quick, only, repetitions };
}
