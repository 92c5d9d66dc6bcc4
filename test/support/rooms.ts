import { isBuiltin } from 'node:module';
import { posix } from 'node:path';

import { type Module, readModule, type Reference } from './imports.ts';

/** The rooms of each ring in the order of data flow, and restrictions on what they may use. */
export interface House {
  readonly core: readonly string[];
  readonly edge: readonly string[];
  /** Files directly under `src/`, which come after every room. */
  readonly entrances: readonly string[];
  /** Packages that core may use. */
  readonly corePackages: readonly string[];
  /** Packages that only one room may use. */
  readonly keptIn: Readonly<Record<string, string>>;
  /** Folders next to `src/` that it must not use. */
  readonly outside: readonly string[];
}

/**
 * The rooms of this project. A room may use itself and the rooms above it in its ring; edge rooms may use core. Type imports
 * count. `docs/architecture.md` shows the same rooms, and a test compares the two.
 */
export const house: House = {
  core: ['kernel', 'plan', 'evidence', 'detection', 'verdicts', 'authority', 'response', 'watch', 'run'],
  edge: [
    'system',
    'journal',
    'plan-files',
    'target',
    'runs',
    'probes',
    'checks',
    'baseline',
    'backups',
    'recovery',
    'metrics',
    'phases',
    'monitoring',
    'rollback',
    'report',
    'consumers',
    'notify',
    'api',
    'one-shot',
    'daemon',
    'cli',
  ],
  entrances: ['main.ts'],
  corePackages: ['zod', 'yaml', '@noble/hashes'],
  keptIn: { 'prom-client': 'metrics', 'node:sqlite': 'journal' },
  outside: ['test', 'tools', 'examples', 'bench'],
};

/** File contents by path, relative to the project folder and with `/`. */
export type Files = Readonly<Record<string, string>>;

interface Place {
  readonly ring: 'core' | 'edge' | 'entrance';
  readonly room: string;
  /** Folders below the ring. */
  readonly depth: number;
}

function placeOf(path: string): Place | undefined {
  const [src, ...parts] = path.split('/');
  if (src !== 'src') return undefined;
  if (parts.length === 1) return { ring: 'entrance', room: parts[0] ?? '', depth: 0 };
  const below = parts[0] === 'core' ? parts.slice(1) : parts;
  return {
    ring: parts[0] === 'core' ? 'core' : 'edge',
    room: below.length > 1 ? (below[0] ?? '') : '',
    depth: below.length - 1,
  };
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** Why a file is in the wrong place. */
function misplaced(house: House, path: string, { ring, room, depth }: Place): string | undefined {
  if (ring === 'entrance') return house.entrances.includes(room) ? undefined : `${path} lies in no room`;
  if (!house[ring].includes(room))
    return `${path} lies in ${room === '' ? 'no room' : `${room}, which is no room`} of the ${ring} ring`;
  return depth > 2 ? `${path} lies ${depth} folders below its ring, wanted at most 2` : undefined;
}

/** Why a room must not use another one. */
function wrongRoom(house: House, from: Place, to: Place): string | undefined {
  if (from.ring === 'entrance') return undefined;
  if (to.ring === 'entrance') return 'no room may use an entrance';
  if (from.ring === 'core' && to.ring === 'edge') return 'core may not use the edge';
  if (from.ring !== to.ring) return undefined;
  const order = house[from.ring];
  return order.indexOf(to.room) > order.indexOf(from.room)
    ? `${from.room} may use only itself and the rooms above it`
    : undefined;
}

function wrongPackage(house: House, from: Place, specifier: string): string | undefined {
  const used = packageOf(specifier);
  const only = house.keptIn[specifier] ?? house.keptIn[used];
  if (only !== undefined && (from.ring !== 'edge' || from.room !== only)) return `only ${only} may use ${used}`;
  if (from.ring !== 'core') return undefined;
  if (isBuiltin(specifier)) return 'core may not use Node';
  return house.corePackages.includes(used)
    ? undefined
    : `core may use no packages but ${house.corePackages.join(', ')}`;
}

/** The path that a relative reference points to. */
const resolve = (path: string, specifier: string): string => posix.join(posix.dirname(path), specifier);

function wrongReference(house: House, path: string, from: Place, specifier: string): string | undefined {
  if (specifier === '?') return 'what is imported must be readable here';
  if (!specifier.startsWith('.')) return wrongPackage(house, from, specifier);
  const to = resolve(path, specifier);
  const place = placeOf(to);
  if (place !== undefined) return wrongRoom(house, from, place);
  if (from.ring === 'core') return 'core may use nothing outside itself';
  const [folder = ''] = to.split('/');
  return house.outside.includes(folder) ? `src may not use ${folder}/` : undefined;
}

const say = (path: string, { specifier, line }: Reference, rule: string): string =>
  `${path}:${line}: ${specifier}: ${rule}`;

/** The shortest path from each file back to itself, once per cycle. */
function cycles(modules: ReadonlyMap<string, Module>): readonly string[] {
  const uses = (path: string) =>
    (modules.get(path)?.imports ?? []).map(({ specifier }) => resolve(path, specifier)).filter((to) => modules.has(to));
  const found = new Map<string, string>();
  for (const start of modules.keys()) {
    const ways = [[start]];
    const seen = new Set<string>();
    for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
      const next = uses(way.at(-1) ?? '');
      if (next.includes(start)) {
        const cycle = way.toSorted().join();
        if (!found.has(cycle)) found.set(cycle, `${[...way, start].join(' -> ')}: no cycles inside core`);
        break;
      }
      for (const to of next.filter((one) => !seen.has(one))) ways.push([...way, to]);
      for (const to of next) seen.add(to);
    }
  }
  return [...found.values()];
}

/** Every violation of the rules in `src/`: where, what, and which rule. */
export function offences(house: House, files: Files): readonly string[] {
  const modules = new Map(Object.entries(files).map(([path, source]) => [path, readModule(source)]));
  const broken = [...modules].flatMap(([path, { imports, impure }]) => {
    const from = placeOf(path);
    if (from === undefined) return [];
    const where = misplaced(house, path, from);
    if (where !== undefined) return [where];
    const unclean =
      from.ring === 'core' ? impure.map((one) => say(path, one, 'core is pure: it is an argument there')) : [];
    const wrong = imports.flatMap((one) => {
      const rule = wrongReference(house, path, from, one.specifier);
      return rule === undefined ? [] : [say(path, one, rule)];
    });
    return [...wrong, ...unclean];
  });
  const core = new Map([...modules].filter(([path]) => path.startsWith('src/core/')));
  return [...broken, ...cycles(core)];
}
