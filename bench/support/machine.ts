import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** The machine of the measurement. Figures of different machines, or of a busy one, are not comparable. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryMb: number;
  readonly kernel: string;
  readonly node: string;
  /** Processes that ran or wanted to, over the last 1, 5 and 15 minutes. */
  readonly loadAtStart: readonly number[];
}

export const lookAtMachine = (): Machine => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  memoryMb: Math.round(totalmem() / 1e6),
  kernel: release(),
  node: process.version,
  loadAtStart: loadavg().map((load) => Number(load.toFixed(2))),
});

export function sayMachine(machine: Machine, postgres: string | undefined): string {
  const { cores, cpu, memoryMb, kernel, node, loadAtStart } = machine;
  const server = postgres === undefined ? '' : `, PostgreSQL ${postgres}`;
  return `${cores} cores (${cpu}), ${memoryMb} MB, Linux ${kernel}, Node ${node}${server}, load ${loadAtStart.join(' ')} at the start`;
}
