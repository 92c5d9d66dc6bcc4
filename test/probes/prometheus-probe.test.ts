import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';
import { z } from 'zod';

import { probeId } from '../../src/core/kernel/ids.ts';
import { instant, seconds } from '../../src/core/kernel/units.ts';
import { probe } from '../../src/core/plan/questions.ts';
import { latencyIn } from '../../src/probes/prometheus-answer.ts';
import { prometheusProbe } from '../../src/probes/prometheus-probe.ts';
import { onPath, whyNot } from '../metrics/programs.ts';
import { startPrometheus } from '../metrics/prometheus.ts';
import { httpServer } from './http-server.ts';
import { page, queries } from './prometheus-page.ts';

const at = instant(1_800_000_000_123);
const about = { probe: probeId('api'), at };
const never = new AbortController().signal;

function asker(url: string, more: object = {}) {
  const plan = probe.parse({ id: 'api', prometheus: { url, query: 'up', unit: 's', ...more } });
  if (plan.prometheus === undefined) throw new Error('it asks Prometheus');
  return prometheusProbe(plan, plan.prometheus);
}

/** Answers of Prometheus 2.42 to the queries of prometheus-page.ts, as it gave them. */
const recorded = z
  .array(z.object({ name: z.string(), status: z.number(), body: z.string() }))
  .parse(JSON.parse(readFileSync(new URL('prometheus-answers.json', import.meta.url), 'utf8')));
const answerTo = (query: string) => recorded.find(({ name }) => name === query) ?? { status: 0, body: '' };
/** When the newest value of a recorded answer was true. */
const momentOf = (body: string) => instant(Number(/(\d{10}(?:\.\d+)?),/.exec(body)?.[1] ?? 0) * 1_000);
const said = (yields: number | string): unknown =>
  typeof yields === 'number' ? yields : { because: expect.stringContaining(yields) };

test.each(queries)('of $name comes $yields', ({ name, yields }) => {
  const { status, body } = answerTo(name);
  const asked = { unit: 's', at: momentOf(body), within: seconds(15) } as const;
  expect(latencyIn(status, body, asked)).toEqual(said(yields));
});

test('a value in milliseconds stays what it is; one that is too old is no value', () => {
  const { status, body } = answerTo('a scalar');
  const asked = { unit: 'ms', at: momentOf(body), within: seconds(15) } as const;
  expect(latencyIn(status, body, asked)).toBe(0.25);
  const late = { ...asked, at: instant(asked.at + 16_000) };
  expect(latencyIn(status, body, late)).toEqual({ because: 'the newest value is 16 s old' });
});

test.each(['1e300', '1.7e9'])(
  'a time or a count of %s is no latency: longer than a year, the journal could not keep it',
  (value) => {
    const body = JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [at / 1_000, value] } });
    expect(latencyIn(200, body, { unit: 's', at, within: seconds(15) })).toEqual({
      because: `the query yields ${value}, which is no latency`,
    });
  },
);

test.each([
  {
    what: 'a proxy',
    status: 502,
    body: '<html>Bad Gateway</html>',
    because: 'answered 502, and not as Prometheus does',
  },
  { what: 'another JSON', status: 200, body: '{"ok":true}', because: 'answered 200, and not as Prometheus does' },
  { what: 'silence', status: 200, body: '', because: 'answered 200, and not as Prometheus does' },
])('$what is no latency', ({ status, body, because }) => {
  expect(latencyIn(status, body, { unit: 's', at, within: seconds(15) })).toEqual({ because });
});

test('the question names the query, the due time and a bound, below the path of the address', async () => {
  const seen = Promise.withResolvers<unknown>();
  await using server = await httpServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    const { authorization, accept, 'x-scope-orgid': tenant } = request.headers;
    seen.resolve({ pathname, asked: Object.fromEntries(searchParams), authorization, accept, tenant });
    response.end(answerTo('a scalar').body);
  });
  const { ask } = asker(`${server.url}mimir/?dedup=true`, { token: 'abc', headers: { 'X-Scope-OrgID': 'team' } });
  await ask(at, never);
  expect(await seen.promise).toEqual({
    pathname: '/mimir/api/v1/query',
    asked: { dedup: 'true', query: 'up', time: '1800000000.123', timeout: '5000ms' },
    authorization: 'Bearer abc',
    accept: 'application/json',
    tenant: 'team',
  });
});

test.each([
  { when: 'it cannot be reached', url: 'http://127.0.0.1:1', because: /^Prometheus: .*ECONNREFUSED/ },
  { when: 'no name leads to it', url: 'http://prometheus.invalid', because: /^Prometheus: .*ENOTFOUND|EAI_AGAIN/ },
])('when $when the reading is missing, with the reason', async ({ url, because }) => {
  const reading = await asker(url).ask(at, never);
  expect(reading).toEqual({ state: 'missing', ...about, because: expect.stringMatching(because) });
});

test('an aborted reading is missing without a reason', async () => {
  const stop = new AbortController();
  await using server = await httpServer(() => stop.abort());
  expect(await asker(server.url).ask(at, stop.signal)).toEqual({ state: 'missing', ...about });
});

test('a real Prometheus answers as it did when it was recorded, and so does the probe', async ({ skip }) => {
  skip(!onPath('prometheus'), whyNot('prometheus'));
  await using prometheus = await startPrometheus(page);
  for (const { name, query, yields } of queries) {
    const now = instant(Date.now());
    const reading = await asker(prometheus.url, { query }).ask(now, never);
    const wanted =
      typeof yields === 'number'
        ? { state: 'answered', took: yields }
        : { state: 'missing', because: expect.stringContaining(yields) };
    expect({ name, ...reading }).toEqual({ name, probe: about.probe, at: now, ...wanted });
  }
  const before = await asker(prometheus.url, { query: 'latency_seconds{path="search"}' }).ask(instant(0), never);
  expect(before).toMatchObject({ state: 'missing', because: expect.stringContaining('yields nothing') });
});
