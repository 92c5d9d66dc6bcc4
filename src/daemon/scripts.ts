import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { type Hash, hash } from '../core/kernel/ids.ts';
import type { Plan } from '../core/plan/plan.ts';
import { restoreSteps, type Step, undoSteps } from '../core/response/step.ts';
import { type NamedFile, namedFiles, type Script } from '../core/response/scripts.ts';

/** The files of the plan's folder that its procedures run. */
export interface Scripts {
  /** What each holds now. One that was not touched since is not read again. */
  look(): Promise<readonly Script[]>;
}

const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way !== '' && !way.startsWith('..') && !isAbsolute(way);
};

async function hashFile(path: string): Promise<Hash> {
  const sum = createHash('sha256');
  await pipeline(createReadStream(path), sum);
  return hash(`sha256:${sum.digest('hex')}`);
}

export function scriptsOfPlan(
  plan: Plan,
  environment: string,
  folder: string,
  fill: (text: string) => string,
): Scripts {
  const restore = plan.environments[environment]?.restore;
  const steps: readonly Step[] = [
    ...plan.phases.flatMap((phase) => undoSteps(phase) ?? []),
    ...(restore === undefined ? [] : restoreSteps(restore)),
  ];
  const named = new Map(
    steps
      .filter((step) => step.kind === 'command')
      .flatMap(namedFiles)
      .map((one) => [one.file, one]),
  );
  const known = new Map<string, { readonly as: string; readonly hash: Hash }>();

  const read = async ({ file, name, directory }: NamedFile): Promise<readonly Script[]> => {
    const path = resolve(folder, fill(directory), fill(name));
    const is = isWithin(folder, path) ? await stat(path).catch(() => undefined) : undefined;
    if (is?.isFile() !== true) return [];
    const as = [is.ino, is.size, is.mtimeMs, is.ctimeMs].join();
    const before = known.get(path);
    const sum = before?.as === as ? before.hash : await hashFile(path).catch(() => undefined);
    if (sum === undefined) return []; // one that cannot be read cannot be run either
    known.set(path, { as, hash: sum });
    return [{ file, hash: sum }];
  };
  return { look: async () => (await Promise.all([...named.values()].map(read))).flat() };
}
