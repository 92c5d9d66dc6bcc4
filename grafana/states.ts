import type { Query, Word } from './panels.ts';

/** Restricts a selector to the process that the reader picked. */
export const daemon = 'instance="$instance"';
/** Restricts a selector to the guard that the reader picked in it. */
export const guard = `${daemon}, plan="$plan", target="$target"`;

const palette: Readonly<Record<string, readonly string[]>> = {
  green: ['ok', 'finished', 'settled', 'recommend', 'sees', 'up', 'none open'],
  blue: ['open', 'running', 'watching', 'observe'],
  yellow: ['unknown', 'held'],
  purple: ['undone'],
  orange: ['error', 'armed', 'recommending', 'rolling-back'],
  red: ['breach', 'failed', 'blocked', 'blind', 'down', 'waits for an answer'],
};
const colorOf = (text: string): string =>
  Object.entries(palette).find(([, words]) => words.includes(text))?.[0] ?? '#6e6e6e';

export const words = (...texts: readonly string[]): readonly Word[] =>
  texts.map((text) => ({ text, color: colorOf(text) }));

/**
 * A state set as one number, since Grafana draws a state from a value and not from a set: the place of the state that is
 * 1, counted from 1. 0 is none of them: there is no run, or nobody asked.
 */
export function stateSet(metric: string, label: string, states: readonly string[], by?: string): Query {
  const sum = by === undefined ? 'sum' : `sum by (${by}) `;
  const terms = states.map((state, place) => `${sum}(${metric}{${guard}, ${label}="${state}"}) * ${place + 1}`);
  return { expr: terms.join(' + '), legend: by === undefined ? label : `{{${by}}}` };
}
