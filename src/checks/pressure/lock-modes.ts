const modes = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
] as const;
type Mode = (typeof modes)[number];

/** The modes that each mode conflicts with, as in the manual; weakest first: read, read to change, write, maintain, build, alter. */
export const conflicting: Readonly<Record<Mode, readonly Mode[]>> = {
  AccessShareLock: ['AccessExclusiveLock'],
  RowShareLock: ['ExclusiveLock', 'AccessExclusiveLock'],
  RowExclusiveLock: modes.slice(4),
  ShareUpdateExclusiveLock: modes.slice(3),
  ShareLock: modes.slice(2).filter((mode) => mode !== 'ShareLock'),
  ShareRowExclusiveLock: modes.slice(2),
  ExclusiveLock: modes.slice(1),
  AccessExclusiveLock: modes,
};

const pairs = Object.entries(conflicting)
  .flatMap(([mode, others]) => others.map((other) => `('${mode}', '${other}')`))
  .join(', ');

/** SQL: a lock of one of these modes keeps another session from one of the other mode. */
export const conflict = (one: string, other: string): string => `(${one}, ${other}) in (${pairs})`;
