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
  if (plan.prometheus === undefined) throw new Error('expected a Prometheus probe');
  return prometheusProbe(plan, plan.prometheus);
}

/** Unmodified responses of Prometheus 2.42 to the queries in prometheus-page.ts. */
const recorded = z
  .array(z.object({ name: z.string(), status: z.number(), body: z.string() }))
  .parse(JSON.parse(readFileSync(new URL('prometheus-answers.json', import.meta.url), 'utf8')));
const answerTo = (query: string) => recorded.find(({ name }) => name === query) ?? { status: 0, body: '' };
/** The timestamp of the value in a recorded response. */
const momentOf = (body: string) => instant(Number(/(\d{10}(?:\.\d+)?),/.exec(body)?.[1] ?? 0) * 1_000);
const said = (yields: number | string): unknown =>
  typeof yields === 'number' ? yields : { because: expect.stringContaining(yields) };

test.each(queries)('$name yields $yields', ({ name, yields }) => {
  const { status, body } = answerTo(name);
  const asked = { unit: 's', at: momentOf(body), within: seconds(15) } as const;
  expect(latencyIn(status, body, asked)).toEqual(said(yields));
});

test('a value in milliseconds is not converted, and a value that is too old is rejected', () => {
  const { status, body } = answerTo('a scalar');
  const asked = { unit: 'ms', at: momentOf(body), within: seconds(15) } as const;
  expect(latencyIn(status, body, asked)).toBe(0.25);
  const late = { ...asked, at: instant(asked.at + 16_000) };
  expect(latencyIn(status, body, late)).toEqual({ because: 'the newest value is 16 s old' });
});

test.each(['1e300', '1.7e9'])(
  'a value of %s is not a latency: it is longer than a year, and the journal could not store it',
  (value) => {
    const body = JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [at / 1_000, value] } });
    expect(latencyIn(200, body, { unit: 's', at, within: seconds(15) })).toEqual({
      because: `the query yields ${value}, which is not a latency`,
    });
  },
);

test.each([
  {
    what: 'a proxy',
    status: 502,
    body: '<html>Bad Gateway</html>',
    because: 'answered 502 with something that is not a Prometheus response',
  },
  {
    what: 'another JSON',
    status: 200,
    body: '{"ok":true}',
    because: 'answered 200 with something that is not a Prometheus response',
  },
  { what: 'silence', status: 200, body: '', because: 'answered 200 with something that is not a Prometheus response' },
])('$what is not a latency', ({ status, body, because }) => {
  expect(latencyIn(status, body, { unit: 's', at, within: seconds(15) })).toEqual({ because });
});

test('the request has the query, the due time and a timeout, and extends the path of the address', async () => {
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
  {
    when: 'its name does not resolve',
    url: 'http://prometheus.invalid',
    because: /^Prometheus: .*ENOTFOUND|^the name server of the guard’s host gave no answer about /,
  },
])('the reading is missing, with the reason, when $when', async ({ url, because }) => {
  const reading = await asker(url).ask(at, never);
  expect(reading).toEqual({ state: 'missing', ...about, because: expect.stringMatching(because) });
});

test('an aborted reading is missing without a reason', async () => {
  const stop = new AbortController();
  await using server = await httpServer(() => stop.abort());
  expect(await asker(server.url).ask(at, stop.signal)).toEqual({ state: 'missing', ...about });
});

test('a real Prometheus still gives the recorded responses, and the probe reads them', async ({ skip }) => {
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
