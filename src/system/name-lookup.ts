import { AsyncLocalStorage } from 'node:async_hooks';
import { lookup as askSystem, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { performance } from 'node:perf_hooks';

import { measured, millis, type Millis } from '../core/kernel/units.ts';

type Answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
type Asked = Pick<LookupOptions, 'family' | 'hints'>;
/** Asks the system for all addresses of a name. */
export type AskSystem = (name: string, options: Asked & { readonly all: true }, done: Answer) => void;

/** One lookup for everyone who asks for the name meanwhile. */
interface Flight {
  /** Everyone who waits for it to start. It takes the turn of any of them, so nobody waits in the queue of another. */
  readonly owners: Set<string>;
  readonly start: () => void;
  readonly answers: Answer[];
  startedAt?: number;
  isOver?: true;
}

export interface LookupLimits {
  /** How many names may be looked up at once. */
  readonly atOnce: number;
  /** How many of these may be for one guard. */
  readonly each: number;
}

/** The lookup of one connection. */
export interface NameLookup {
  /** The `lookup` option of Node's sockets. */
  readonly lookup: LookupFunction;
  /** How long the connection has waited for its turn so far. During that time nobody asked the name server. */
  waited(): Millis;
  /** Whether it waits for its turn now. */
  isWaiting(): boolean;
  /** The name that the name server has not answered for; undefined once it has, or if nobody asked it. */
  unanswered(): string | undefined;
}

/** The lookup failed, and nobody said whether the name exists. `ENOTFOUND` is an answer: it does not. */
export const isUnanswered = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EAI_AGAIN' || error.code === 'EAI_FAIL');

/** Constant for each name, because it is logged once. */
export const sayUnanswered = (name: string): string =>
  `the name server of the guard’s host gave no answer about ${name}`;

/**
 * Calls `late` when `length` has passed without the wait for a turn, or when that wait alone has lasted so long. Returns what
 * cancels it.
 */
export function timeoutAfter(
  length: Millis,
  { waited, isWaiting }: Pick<NameLookup, 'waited' | 'isWaiting'>,
  late: () => void,
): () => void {
  let timer = setTimeout(() => {
    if (isWaiting() || waited() === 0) late();
    else timer = setTimeout(late, waited());
  }, length);
  return () => clearTimeout(timer);
}

/** Starts flights within the limits. The next turn goes to the owner with the fewest lookups under way. */
function turns({ atOnce, each }: LookupLimits) {
  const waiting: Flight[] = [];
  /** Each lookup under way, with the owner whose turn it took. */
  const underWay = new Map<Flight, string>();
  const busyFor = (of: string): number => [...underWay.values()].filter((owner) => owner === of).length;
  const startNext = () => {
    while (underWay.size < atOnce) {
      const may = waiting.flatMap((flight) =>
        [...flight.owners].map((owner) => ({ flight, owner, busy: busyFor(owner) })).filter(({ busy }) => busy < each),
      );
      const [next] = may.toSorted((a, b) => a.busy - b.busy); // stable: else the first that came
      if (next === undefined) return;
      const { flight, owner } = next;
      waiting.splice(waiting.indexOf(flight), 1);
      underWay.set(flight, owner);
      flight.startedAt = performance.now();
      flight.start();
    }
  };
  return {
    begin(flight: Flight) {
      waiting.push(flight);
      startNext();
    },
    join(flight: Flight, owner: string) {
      if (flight.startedAt !== undefined) return;
      flight.owners.add(owner);
      startNext();
    },
    end(flight: Flight) {
      flight.isOver = true;
      underWay.delete(flight);
      startNext();
    },
  };
}

/** Returns the flight of a name, and begins it if there is none. */
function flightsOf(askFor: AskSystem, limits: LookupLimits) {
  const flights = new Map<string, Flight>();
  const { begin, join, end } = turns(limits);
  return (owner: string, name: string, { family, hints }: Asked): Flight => {
    const key = JSON.stringify([name, family, hints]);
    const same = flights.get(key);
    if (same !== undefined) {
      join(same, owner);
      return same;
    }
    const answers: Answer[] = [];
    const start = () => {
      askFor(name, { family, hints, all: true }, (error, addresses) => {
        flights.delete(key);
        end(flight);
        for (const answer of answers) answer(error, addresses);
      });
    };
    const flight: Flight = { owners: new Set([owner]), start, answers };
    flights.set(key, flight);
    begin(flight);
    return flight;
  };
}

/**
 * Node looks names up on a few threads, which the whole process shares. A name whose server does not answer holds a thread
 * for many seconds, so each owner gets only some of the threads, and the rest of its names wait here.
 */
export function createLookups(askFor: AskSystem, limits: LookupLimits): (owner: string) => NameLookup {
  const flightOf = flightsOf(askFor, limits);
  return (owner) => {
    let joined: { readonly name: string; readonly flight: Flight; readonly at: number } | undefined;
    return {
      lookup(name, options, done) {
        const flight = flightOf(owner, name, options);
        joined = { name, flight, at: performance.now() };
        flight.answers.push((error, addresses) => {
          const [first] = addresses ?? []; // Node leaves them out when there is an error
          if (error !== null || options.all === true || first === undefined) done(error, [...(addresses ?? [])]);
          else done(null, first.address, first.family);
        });
      },
      isWaiting: () => joined !== undefined && joined.flight.startedAt === undefined,
      waited: () => {
        if (joined === undefined) return millis(0);
        return measured(Math.max(0, (joined.flight.startedAt ?? performance.now()) - joined.at));
      },
      unanswered: () =>
        joined?.flight.startedAt !== undefined && joined.flight.isOver !== true ? joined.name : undefined,
    };
  };
}

/** Node's own default. */
const usualThreads = 4;
const wantedThreads = 32;
/** Enough for a guard that has a few broken names, and few enough for many such guards. */
const mostEach = 2;

/** Node never looks names up on more than half of its threads. */
export function limitsFor(threads: number): LookupLimits {
  const atOnce = Math.max(1, Math.floor((threads + 1) / 2));
  return { atOnce, each: Math.max(1, Math.min(mostEach, Math.floor(atOnce / 4))) };
}

/** What the environment says, as Node reads it. */
const threadsIn = ({ UV_THREADPOOL_SIZE: said }: NodeJS.ProcessEnv): number => {
  const threads = Number(said ?? usualThreads);
  return Number.isInteger(threads) && threads > 0 ? Math.min(threads, 1_024) : 1;
};

let threads: number | undefined;

/**
 * Gives the process more threads for lookups, unless its environment says how many. Node reads the number once, when it
 * first needs a thread, so the process calls this before anything that waits. Commands that it starts do not inherit it.
 */
export function makeRoomForLookups(env: NodeJS.ProcessEnv): void {
  if (env['UV_THREADPOOL_SIZE'] !== undefined) return;
  threads = wantedThreads;
  env['UV_THREADPOOL_SIZE'] = String(threads);
  askSystem('localhost', () => undefined); // the first lookup starts the threads
  delete env['UV_THREADPOOL_SIZE'];
}

const owners = new AsyncLocalStorage<string>();
let ofProcess: ReturnType<typeof createLookups> | undefined;

/** Charges every lookup that `work` and whatever it starts make to `owner`. */
export const lookingUpFor = <Done>(owner: string, work: () => Done): Done => owners.run(owner, work);

/** The lookup for one new connection of this process. Every connection to a target or a service uses it. */
export function nameLookup(): NameLookup {
  ofProcess ??= createLookups(askSystem, limitsFor(threads ?? threadsIn(process.env)));
  return ofProcess(owners.getStore() ?? '');
}
