import { gamma, pareto, type Random } from './random.ts';

/** Generates latencies: `readings` of them in milliseconds, `dtSeconds` apart, in the order of time. */
export type Draw = (random: Random, readings: number, dtSeconds: number) => Float64Array;

/** A law of latency before any change. */
export interface Law {
  readonly name: string;
  readonly says: string;
  readonly draw: Draw;
}

const typical = 10;

/** Log latency with standard deviation `sigma`; neighbours correlate by `rho` in it, an AR(1) process. */
const lognormal =
  (sigma: number, rho = 0): Draw =>
  ({ normal }, readings) => {
    const innovation = Math.sqrt(1 - rho * rho);
    let z = normal();
    return Float64Array.from({ length: readings }, () => {
      const latency = typical * Math.exp(sigma * z);
      z = rho * z + innovation * normal();
      return latency;
    });
  };

const gamma4: Draw = (random, readings) =>
  Float64Array.from({ length: readings }, () => (typical / 4) * gamma(random, 4));

/** Nine of ten readings come from a cache, one of ten does not. */
const bimodal: Draw = ({ uniform, normal }, readings) =>
  Float64Array.from({ length: readings }, () =>
    uniform() < 0.1 ? 20 * Math.exp(0.3 * normal()) : 2 * Math.exp(0.2 * normal()),
  );

/** `share` of the readings are at least three times as slow, with a tail so heavy that its variance is infinite. */
const withSpikes =
  (share: number, draw: Draw): Draw =>
  (random, readings, dtSeconds) =>
    draw(random, readings, dtSeconds).map((latency) =>
      random.uniform() < share ? latency * 3 * pareto(random, 1.2) : latency,
    );

/** Every `everySeconds`, give or take 5 %, everything stalls for 3 to 5 s. A probe during the stall waits for the rest of it. */
const withStalls =
  (everySeconds: number, draw: Draw): Draw =>
  (random, readings, dtSeconds) => {
    const latencies = draw(random, readings, dtSeconds);
    let start = random.uniform() * everySeconds;
    while (start < readings * dtSeconds) {
      const end = start + 3 + 2 * random.uniform();
      for (let at = Math.ceil(start / dtSeconds); at < readings && at * dtSeconds < end; at += 1) {
        latencies[at] = (latencies[at] ?? 0) + 1_000 * (end - at * dtSeconds);
      }
      start += everySeconds * (0.95 + 0.1 * random.uniform());
    }
    return latencies;
  };

/** Rises and falls by `share` once a day, starting at any phase of the day. */
const withDrift =
  (share: number, draw: Draw): Draw =>
  (random, readings, dtSeconds) => {
    const phase = random.uniform();
    return draw(random, readings, dtSeconds).map(
      (latency, at) => latency * (1 + share * Math.sin(2 * Math.PI * ((at * dtSeconds) / 86_400 + phase))),
    );
  };

const law = (name: string, says: string, draw: Draw): Law => ({ name, says, draw });

/** The twelve laws of the comparison. */
export const laws: readonly Law[] = [
  law('lognormal-0.1', 'lognormal, sigma 0.1', lognormal(0.1)),
  law('lognormal-0.3', 'lognormal, sigma 0.3', lognormal(0.3)),
  law('lognormal-0.6', 'lognormal, sigma 0.6', lognormal(0.6)),
  law('lognormal-1.0', 'lognormal, sigma 1.0', lognormal(1)),
  law('gamma-4', 'gamma, shape 4', gamma4),
  law('bimodal', '90 % fast, 10 % ten times as slow', bimodal),
  law('spikes', 'sigma 0.3, 2 % Pareto spikes', withSpikes(0.02, lognormal(0.3))),
  law('correlated-0.5', 'sigma 0.3, neighbours correlate by 0.5', lognormal(0.3, 0.5)),
  law('correlated-0.8', 'sigma 0.3, neighbours correlate by 0.8', lognormal(0.3, 0.8)),
  law('correlated-0.95', 'sigma 0.3, neighbours correlate by 0.95', lognormal(0.3, 0.95)),
  law('stalls', 'sigma 0.3, a stall of 3 to 5 s every 10 min', withStalls(600, lognormal(0.3))),
  law('drift', 'sigma 0.3, drifting by 20 % up and down in a day', withDrift(0.2, lognormal(0.3))),
];

/** Throws for an unknown name: the list is fixed. */
export function lawNamed(name: string): Law {
  const found = laws.find((law) => law.name === name);
  if (found === undefined) throw new Error(`no law is called ${name}: ${laws.map(({ name }) => name).join(', ')}`);
  return found;
}
