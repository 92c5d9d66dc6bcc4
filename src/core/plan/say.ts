import type { Fault } from './fault.ts';

/** One line in compiler format, so that editors and terminals can jump to the position. */
export function sayFault({ line, column, path, found, wanted }: Fault, file: string): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}found ${found}, wanted ${wanted}`;
}
