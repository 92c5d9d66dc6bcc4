import { count } from '../kernel/count.ts';
import { z } from 'zod';

import { httpAddress, socketAddress, text } from './quantities.ts';
import { fixedExpectation } from './questions.ts';

/** Conditions that can be tested repeatedly without side effects: whether a step may begin, and whether it has worked. */

const sqlCondition = z.strictObject({ sql: text, expect: fixedExpectation });
const httpCondition = z.strictObject({
  http: z.strictObject({
    url: httpAddress,
    expect: z.strictObject({ status: z.int().min(100).max(599).default(200) }).prefault({}),
  }),
});
const tcpCondition = z.strictObject({
  tcp: socketAddress.meta({ description: 'host:port that must accept connections' }),
});

export const condition = z.union([sqlCondition, httpCondition, tcpCondition], {
  error: 'wanted { sql: …, expect: … }, { http: { url: … } } or { tcp: host:port }',
});
export type Condition = z.output<typeof condition>;

/** Describes the condition. `fill` substitutes the placeholders. */
export function sayCondition(wanted: Condition, fill = (written: string): string => written): string {
  if ('http' in wanted) return `${fill(wanted.http.url)} answers ${wanted.http.expect.status}`;
  if ('tcp' in wanted) return `${fill(wanted.tcp)} accepts connections`;
  const { expect } = wanted;
  const answer =
    typeof expect === 'string'
      ? expect
      : 'value' in expect
        ? fill(JSON.stringify(expect.value))
        : count(expect.rows.length, 'certain row');
  return `"${fill(wanted.sql)}" gives ${answer}`;
}
