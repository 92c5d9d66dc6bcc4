import type { Fault } from './fault.ts';

/** One line as compilers print it, so that editors and terminals can jump to the place. */
export function sayFault({ line, column, path, found, wanted }: Fault, file: string): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}found ${found}, wanted ${wanted}`;
}
