import { readFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { hash } from '../../../src/core/kernel/ids.ts';
import { minutes } from '../../../src/core/kernel/units.ts';
import { parsePlan } from '../../../src/core/plan/parse.ts';
import { readRecordedPlan, RecordedPlanUnreadable, recordedText } from '../../../src/core/plan/recorded.ts';
import { changed, goodPlan } from './a-plan.ts';

type Env = Readonly<Record<string, string>>;

/** What a run's journal would hold of the plan. */
function recorded(text: string, env: Env = {}) {
  const parsed = parsePlan(text, { env, readFile: () => `sha256:${'b'.repeat(64)}`, environment: 'staging' });
  if ('faults' in parsed) throw new Error(parsed.faults.map(({ found }) => found).join());
  return { hash: hash('sha256:p'), text: recordedText(text, parsed, 'staging'), settings: parsed.settings };
}

describe('the recorded text of a plan', () => {
  test('is its text, to the last comment', () => {
    expect(recorded(`# why\n${goodPlan}`)).toEqual({ hash: 'sha256:p', text: `# why\n${goodPlan}`, settings: {} });
  });

  const url = 'postgres://guard@db.example/demo';
  test.each([
    { what: 'a password in an address', to: url.replace('guard', 'guard:hunter22'), hides: 'hunter22' },
    { what: 'one too short to be found elsewhere', to: url.replace('guard', 'guard:abc'), hides: 'abc' },
    { what: 'one among the parameters', to: `${url}?password=hunter22`, hides: 'hunter22' },
  ])('has no secret: $what', ({ to, hides }) => {
    const { text, settings } = recorded(changed(goodPlan, url, to));
    expect(text).not.toContain(hides);
    expect(() => readRecordedPlan({ hash: hash('p'), text, settings }, 'staging')).not.toThrow();
  });

  test('has no secret in a comment or in another environment', () => {
    const other =
      'environments:\n  # was postgres://guard:hunter23@old.example/demo\n  production:\n    target: { url: "postgres://guard:hunter24@db.example/demo" }\n';
    const { text } = recorded(changed(goodPlan, 'environments:\n', other));
    expect(text).not.toMatch(/hunter2/);
  });

  test.each([
    {
      how: 'over two lines',
      to: '"postgres://guard:hunter\\\n        22secret@db.example/demo"',
      hides: /hunter|22secret/,
    },
    {
      how: 'over two lines, and is short',
      to: '"postgres://guard:a\\\n        bc@db.example/demo"',
      hides: /guard:a|bc@/,
    },
    { how: 'as JSON may escape it', to: String.raw`"postgres:\/\/guard:abc@db.example\/demo"`, hides: /abc@/ },
    { how: 'in a block', to: '|-\n        postgres://guard:abc@db.example/demo', hides: /abc@/ },
  ])('has no secret that is written $how', ({ to, hides }) => {
    const target = to.startsWith('|')
      ? `\n      url: ${to}\n      search_path: [a]`
      : `{ url: ${to}, search_path: [a] }`;
    const plan = recorded(changed(goodPlan, `{ url: ${url} }`, target));
    expect(plan.text).not.toMatch(hides);
    expect(readRecordedPlan(plan, 'staging').environments.staging?.target.search_path).toEqual(['a']);
  });

  test.each([String.raw`"abc\x64ef123456"`, '"abcdef\\\n      123456"', String.raw`"abcd\/ef123456"`])(
    'has no secret of a header that is written as %j',
    (value) => {
      const probe = `{ id: site, http: { url: "http://127.0.0.1/", headers: { x-api-key: ${value} } } }`;
      const before = '{ id: control, sql: select 1, control: true }';
      const plan = recorded(changed(goodPlan, before, `${before}\n  - ${probe}`));
      expect(plan.text).not.toMatch(/123456/);
      expect(readRecordedPlan(plan, 'staging').probes).toHaveLength(2);
    },
  );

  test.each([
    { what: 'the token for Prometheus', probe: 'prometheus: { url: http://x, query: up, unit: s, token: sometoken1 }' },
    { what: 'a token in an address', probe: 'http: { url: "http://127.0.0.1/?access_token=sometoken1" }' },
    { what: 'a key in an address', probe: 'http: { url: "http://127.0.0.1/?apikey=sometoken1&x=1" }' },
  ])('has no secret: $what', ({ probe }) => {
    const before = '{ id: control, sql: select 1, control: true }';
    const plan = recorded(changed(goodPlan, before, `${before}\n  - { id: more, ${probe} }`));
    expect(plan.text).not.toContain('sometoken1');
    expect(readRecordedPlan(plan, 'staging').probes).toHaveLength(2);
  });

  test('is otherwise the same plan, whatever else is on the line of a secret', () => {
    const other = 'read_url: "postgres://reader:hunter23@db.example/demo?password=hunter24"';
    const probe = '{ id: site, http: { url: "http://127.0.0.1/?token=hunter25" } } # ask dana@example.org';
    const before = '{ id: control, sql: select 1, control: true }';
    const text = changed(goodPlan, url, `"postgres://guard:hunter22@db.example/demo?password=hunter26", ${other}`);
    const plan = recorded(changed(text, before, `${before}\n  - ${probe}`));
    expect(plan.text).not.toMatch(/hunter2/);
    expect(plan.text).toContain('# ask dana@example.org');
    const { environments, probes } = readRecordedPlan(plan, 'staging');
    expect(environments.staging?.target).toMatchObject({
      url: 'postgres://guard:(secret)@db.example/demo?password=(secret)',
      read_url: 'postgres://reader:(secret)@db.example/demo?password=(secret)',
    });
    expect(probes).toHaveLength(2);
  });

  test.each(['staging', 'second', 'integrity', 'principals', 'database', 'rollback', 'ripcord', 'estimate', 'orphan'])(
    'can be read, and says no more than before, where a password is a word of it: %s',
    (password) => {
      const written = changed(goodPlan, url, '"postgres://guard:${env:PASSWORD}@db.example/demo"');
      const plan = recorded(written, { PASSWORD: password });
      expect(readRecordedPlan(plan, 'staging').phases.map(({ id }) => id)).toEqual(['first', 'second']);
      expect(plan.text).not.toMatch(/^\s*\S*\(secret\)\S*:/m);
    },
  );

  test('has no secret in a header, and can be read although the whole value is hidden', () => {
    const probe = '{ id: site, http: { url: "http://127.0.0.1/", headers: { x-api-key: abcdef123456 } } }';
    const before = '{ id: control, sql: select 1, control: true }';
    const plan = recorded(changed(goodPlan, before, `${before}\n  - ${probe}`));
    expect(plan.text).not.toContain('abcdef123456');
    expect(readRecordedPlan(plan, 'staging').probes).toHaveLength(2);
  });
});

describe('a recorded plan', () => {
  test('is read with its placeholders and its recorded settings', () => {
    const text = changed(
      changed(goodPlan, 'url: postgres://guard@db.example/demo', 'url: "${env:URL}"'),
      'estimate: 10m\n',
      'estimate: ${env:LENGTH}\n',
    );
    const plan = recorded(text, { URL: 'postgres://guard:hunter22@db.example/demo', LENGTH: '12m' });
    expect(plan).toMatchObject({ text, settings: { LENGTH: '12m' } });
    const read = readRecordedPlan(plan, 'staging');
    expect(read.environments.staging?.target.url).toBe('${env:URL}');
    expect(read.phases[0]?.estimate).toBe(minutes(12));
  });

  test('is read even if it takes values from files that no longer exist', () => {
    const plan = recorded(changed(goodPlan, 'token_hash: sha256:' + 'a'.repeat(64), 'token_hash_file: dana.hash'));
    expect(() => readRecordedPlan(plan, 'staging')).not.toThrow();
  });

  test('that this version cannot read is refused with each fault and its position', () => {
    const plan = { ...recorded(goodPlan), text: goodPlan.replace('estimate: 10m', 'estimates: 10m') };
    expect(() => readRecordedPlan(plan, 'staging')).toThrow(RecordedPlanUnreadable);
    expect(() => readRecordedPlan(plan, 'staging')).toThrow(
      /cannot read the plan sha256:p .*\n {2}the recorded plan:9:5/,
    );
  });

  test.each([
    { name: 'minimal', environment: 'production' },
    { name: 'cryoprotect', environment: 'development' },
    { name: 'cryoprotect', environment: 'production' },
  ])('the plan of examples/$name can be read again for $environment', async ({ name, environment }) => {
    const text = await readFile(`examples/${name}/ripcord.yaml`, 'utf8');
    const read = readRecordedPlan({ hash: hash('p'), text, settings: {} }, environment);
    expect(read.phases.length).toBeGreaterThan(0);
  });
});
