import { resolve } from 'node:path';

import type { Sources } from '../core/plan/expand.ts';
import { readText, UnusableFile } from '../system/read-text.ts';

/** A plan has at most a million characters, of up to three bytes each. */
const mostOfPlan = 3_000_000;
/** Large enough for the certificates of every public authority. */
const mostOfValue = 1_000_000;

/** Throws UnusableFile. */
export const readPlanText = (file: string): string => readText(file, mostOfPlan);

/** Reads the files that the `_file` keys of a plan in this folder name. */
export const valuesFrom =
  (folder: string): Sources['readFile'] =>
  (path) => {
    try {
      return readText(resolve(folder, path), mostOfValue);
    } catch (error) {
      if (!(error instanceof UnusableFile)) throw error;
      return error.isAbsent ? undefined : { because: error.because };
    }
  };
