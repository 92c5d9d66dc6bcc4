import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { type Hash, hash } from '../core/kernel/ids.ts';
import { PlaceholderUnset } from '../core/plan/expand.ts';
import type { Plan } from '../core/plan/plan.ts';
import { type Command, type NamedFile, namedFiles } from '../core/response/named-files.ts';
import type { Script } from '../core/response/scripts.ts';
import { restoreSteps, type Step, undoSteps } from '../core/response/step.ts';

export type CommandStep = Extract<Step, { kind: 'command' }>;

/** The files that commands in the plan's procedures name, wherever they are. */
export interface Scripts {
  /** The hash of each file now, for the check each second: a file whose size and times have not changed is not read again. */
  read(): Promise<readonly Script[]>;
  /**
   * The same, optionally of one command only, but reads every file: for what an approval is bound to and what is about to
   * run. A file can change without a change of its times: within one tick of the clock, or when it is written through memory.
   */
  lookAfresh(command?: Command): Promise<readonly Script[]>;
}

/** A larger file is data, not a script. It takes long to read, so it is read again only if its size or times change. */
const longestAfresh = 64 * 1024 * 1024;

const isWithin = (folder: string, path: string): boolean => path.startsWith(folder === '/' ? folder : `${folder}/`);

/**
 * Files here belong to packages or to the kernel. An upgrade between approval and rollback would block the rollback, and
 * anyone else who can change them is root, who can change the guard as well. Files that people install by hand are elsewhere.
 */
const ofTheSystem = [
  ...['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libexec'].flatMap((name) => [`/${name}`, `/usr/${name}`]),
  '/usr/share',
  '/proc',
  '/sys',
];

/**
 * Whether an approval may be bound to this file: a file of the plan's folder, or one elsewhere that is not part of the
 * system.
 */
const mayBind = (folder: string, path: string): boolean =>
  isWithin(folder, path) || !ofTheSystem.some((one) => isWithin(one, path));

async function hashFile(path: string): Promise<Hash> {
  const sum = createHash('sha256');
  await pipeline(createReadStream(path), sum);
  return hash(`sha256:${sum.digest('hex')}`);
}

/** Undefined for a command that cannot be bound, such as one with an unset placeholder, which cannot run either. */
function pathOf(folder: string, directory: string, name: string, fill: (text: string) => string): string | undefined {
  try {
    const path = resolve(folder, fill(directory), fill(name));
    return mayBind(resolve(folder), path) ? path : undefined;
  } catch (error) {
    if (error instanceof PlaceholderUnset) return undefined;
    throw error;
  }
}

/** The steps of a plan that run a command: all that may be part of a rollback in this environment. */
export function commandsOf(plan: Plan, environment: string): readonly CommandStep[] {
  const restore = plan.environments[environment]?.restore;
  const steps: readonly Step[] = [
    ...plan.phases.flatMap((phase) => undoSteps(phase) ?? []),
    ...(restore === undefined ? [] : restoreSteps(restore)),
  ];
  return steps.filter((step) => step.kind === 'command');
}

export function scriptsOfPlan(
  plan: Plan,
  environment: string,
  folder: string,
  fill: (text: string) => string,
): Scripts {
  const named = new Map(
    commandsOf(plan, environment)
      .flatMap(namedFiles)
      .map((one) => [one.file, one]),
  );
  const known = new Map<string, { readonly as: string; readonly hash: Hash }>();

  const read = async ({ file, name, directory }: NamedFile, afresh: boolean): Promise<readonly Script[]> => {
    const path = pathOf(folder, directory, name, fill);
    const is = path === undefined ? undefined : await stat(path).catch(() => undefined);
    if (path === undefined || is?.isFile() !== true) return [];
    const as = [is.ino, is.size, is.mtimeMs, is.ctimeMs].join();
    const before = known.get(path);
    const counts = before?.as === as && !(afresh && is.size <= longestAfresh);
    const sum = counts ? before.hash : await hashFile(path).catch(() => undefined);
    if (sum === undefined) return []; // the guard cannot bind what it cannot read
    known.set(path, { as, hash: sum });
    return [{ file, hash: sum }];
  };
  const readAll = async (files: Iterable<NamedFile>, afresh: boolean) =>
    (await Promise.all(Array.from(files, (one) => read(one, afresh)))).flat();
  return {
    read: () => readAll(named.values(), false),
    lookAfresh: (command) => readAll(command === undefined ? named.values() : namedFiles(command), true),
  };
}
