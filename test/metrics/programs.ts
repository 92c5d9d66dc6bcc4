import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether a program that is not among our packages can run here. */
export const onPath = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));

export const whyNot = (program: string, of = 'prometheus'): string =>
  `${program} is not on the PATH; it is in the package "${of}" of Debian and Ubuntu`;
