import * as fc from 'fast-check';
import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';

import { seconds } from '../../src/core/kernel/units.ts';
import {
  NameUnanswered,
  NameUnasked,
  StatementFailed,
  StatementTimedOut,
  TargetRefused,
  TargetUnreachable,
} from '../../src/target/errors.ts';
import { type Circumstances, explainPgError, noSession } from '../../src/target/explain.ts';

const url = 'postgres://guard:s3cret%21@db.example:6543/app';
const fromServer = (code: string, message: string) => Object.assign(new DatabaseError(message, 0, 'error'), { code });
const fromSystem = (code: string, message: string) => Object.assign(new Error(message), { code });
const connecting: Circumstances = { during: 'connecting' };
const asking: Circumstances = { during: 'asking' };

test.each([
  {
    when: 'the host is unreachable',
    error: fromSystem('ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.1:6543'),
    circumstances: connecting,
    kind: TargetUnreachable,
    says: 'database app at db.example:6543 as guard: connect ECONNREFUSED 10.0.0.1:6543; wanted a PostgreSQL server that answers at db.example:6543.',
  },
  {
    when: 'the name server is silent',
    error: fromSystem('EAI_AGAIN', 'getaddrinfo EAI_AGAIN db.example'),
    circumstances: connecting,
    kind: NameUnanswered,
    says: 'guard: the name server of the guard’s host gave no answer about db.example; wanted its address',
  },
  {
    when: 'the name does not exist',
    error: fromSystem('ENOTFOUND', 'getaddrinfo ENOTFOUND db.example'),
    circumstances: connecting,
    kind: TargetUnreachable,
    says: 'guard: getaddrinfo ENOTFOUND db.example; wanted a PostgreSQL server',
  },
  {
    when: 'several addresses failed',
    error: Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:6543')], ''), {
      code: 'ECONNREFUSED',
    }),
    circumstances: connecting,
    kind: TargetUnreachable,
    says: 'guard: connect ECONNREFUSED ::1:6543; wanted a PostgreSQL server',
  },
  {
    when: 'the password is wrong',
    error: fromServer('28P01', 'password authentication failed for user "guard"'),
    circumstances: connecting,
    kind: TargetRefused,
    says: 'password authentication failed for user "guard" (28P01); wanted a login as guard',
  },
  {
    when: 'no password was given',
    error: new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'),
    circumstances: connecting,
    kind: TargetRefused,
    says: 'wanted a login as guard that the server accepts. Check the user and password',
  },
  {
    when: 'the server has no TLS',
    error: new Error('The server does not support SSL connections'),
    circumstances: connecting,
    kind: TargetRefused,
    says: 'Check sslmode',
  },
  {
    when: 'the database does not exist',
    error: fromServer('3D000', 'database "app" does not exist'),
    circumstances: connecting,
    kind: TargetRefused,
    says: 'wanted a database named app. Correct the name',
  },
  {
    when: 'there are too many connections',
    error: fromServer('53300', 'sorry, too many clients already'),
    circumstances: connecting,
    kind: TargetUnreachable,
    says: 'wanted a free connection for guard. End idle sessions, or raise max_connections',
  },
  {
    when: 'the server is starting',
    error: fromServer('57P03', 'the database system is starting up'),
    circumstances: connecting,
    kind: TargetUnreachable,
    says: 'wanted a running server',
  },
  {
    when: 'a pooler refuses the settings',
    error: fromServer('08P01', 'unsupported startup parameter in options: lock_timeout'),
    circumstances: connecting,
    kind: TargetRefused,
    says: 'a connection pooler such as PgBouncer cannot stand in between',
  },
  {
    when: 'the server is too old for a setting',
    error: fromServer('42704', 'unrecognized configuration parameter "idle_session_timeout"'),
    circumstances: connecting,
    kind: TargetRefused,
    says: 'wanted PostgreSQL 14 or later',
  },
  {
    when: 'a type is unknown',
    error: fromServer('42704', 'type "colour" does not exist'),
    circumstances: asking,
    kind: StatementFailed,
    says: 'wanted a statement that the server can run',
  },
  {
    when: 'a read-only session of ours tried to write',
    error: fromServer('25006', 'cannot execute DELETE in a read-only transaction'),
    circumstances: { during: 'asking', readOnly: true } as const,
    kind: TargetRefused,
    says: 'Take the write out of the statement',
  },
  {
    when: 'the server is a standby',
    error: fromServer('25006', 'cannot execute DELETE in a read-only transaction'),
    circumstances: { during: 'asking', readOnly: false } as const,
    kind: TargetRefused,
    says: 'Give the address of the primary',
  },
  {
    when: 'a permission is missing',
    error: fromServer('42501', 'permission denied for table molecule'),
    circumstances: asking,
    kind: TargetRefused,
    says: 'permission denied for table molecule (42501); wanted the permission for guard. Grant it to guard, or give another login in the target url.',
  },
  {
    when: 'the users’ login lacks a permission',
    error: fromServer('42501', 'permission denied for table molecule'),
    circumstances: { during: 'asking', login: 'users_url' } as const,
    kind: TargetRefused,
    says: 'Grant it to guard, or give another login in the target users_url.',
  },
  {
    when: 'the password of the rollback login is wrong',
    error: fromServer('28P01', 'password authentication failed for user "guard"'),
    circumstances: { during: 'connecting', login: 'rollback_url' } as const,
    kind: TargetRefused,
    says: 'Check the user and password in the target rollback_url, and the lines for guard in pg_hba.conf.',
  },
  {
    when: 'the statement took too long',
    error: fromServer('57014', 'canceling statement due to statement timeout'),
    circumstances: asking,
    kind: StatementTimedOut,
    says: 'wanted an answer in time',
  },
  {
    when: 'a lock was not free',
    error: fromServer('55P03', 'canceling statement due to lock timeout'),
    circumstances: asking,
    kind: StatementTimedOut,
    says: 'Oldest transactions first: select pid, usename, application_name, xact_start, query from pg_stat_activity where xact_start is not null order by xact_start',
  },
])('if $when, the message says what to do', ({ error, circumstances, kind, says }) => {
  const explained = explainPgError(error, url, circumstances);
  expect(explained).toBeInstanceOf(kind);
  expect(explained.message).toContain(says);
  expect(explained).toMatchObject({ cause: error, ...('code' in error && { code: error.code }) });
});

test('an explained error is not explained again', () => {
  const first = explainPgError(new Error('cut'), url);
  expect(explainPgError(first, url)).toBe(first);
});

test('a password that an error repeats is neither in the message nor in a cause', () => {
  const explained = explainPgError(new Error('cannot log in with s3cret! or s3cret%21'), url, connecting);
  expect(explained.found).toBe('database app at db.example:6543 as guard: cannot log in with *** or ***');
  expect(explained.cause).toBeUndefined();
});

test('no message contains any password', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8 }), (secret) => {
      const target = new URL('postgres://guard@db.example/app');
      target.password = encodeURIComponent(secret);
      for (const error of [new Error(`bad: ${secret}`), fromServer('28P01', `bad: ${target.href}`)]) {
        const explained = explainPgError(error, target.href, connecting);
        expect(explained.message).not.toContain(secret);
        expect(explained.cause).toBeUndefined();
      }
    }),
  );
});

test.each(['', 'app', 'mysql://a@b/c', 'postgres://user:pa/ss@host:port/db'])(
  'the message does not repeat an unreadable URL (%j)',
  (unreadable) => {
    expect(() => explainPgError(new Error('x'), unreadable)).toThrow(
      'the target url cannot be read; wanted postgres://user:password@host:port/database.',
    );
  },
);

test.each([
  { when: 'the lookup waits for its turn', isWaiting: true, unanswered: undefined, kind: NameUnasked },
  { when: 'the name server is silent', isWaiting: false, unanswered: 'db.example', kind: NameUnanswered },
  { when: 'the server is silent', isWaiting: false, unanswered: undefined, kind: TargetUnreachable },
])('no session in time is a $kind.name when $when', ({ isWaiting, unanswered, kind }) => {
  const error = noSession(url, seconds(1), { isWaiting: () => isWaiting, unanswered: () => unanswered });
  expect(error.constructor).toBe(kind);
  expect(error.message).not.toContain('s3cret');
});
