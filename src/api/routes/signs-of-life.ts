import { basename } from 'node:path';

import { type Fleet, sayGuard } from '../fleet.ts';
import { json, type Route } from '../route.ts';

/** Stands for a reason that may quote the plan: anyone who reaches the port can read this. */
const notAtWork = 'the guard is not at work; the daemon’s log says why';

/** What stops each guard from working, prefixed with its name if there are several guards. */
function unready(fleet: Fleet): readonly string[] {
  const [guards, absent] = [fleet.guards(), fleet.absent()];
  const isAlone = guards.length + absent.length === 1;
  return [
    ...absent.map(
      ({ name, file = '', told = notAtWork }) => `${name === undefined ? basename(file) : sayGuard(name)}: ${told}`,
    ),
    ...guards.flatMap((guard) =>
      guard.unready().map((because) => (isAlone ? because : `${sayGuard(guard.name)}: ${because}`)),
    ),
  ];
}

/** Routes without a token: for load balancers, process supervisors and Prometheus. */
export const signsOfLife: readonly Route[] = [
  { method: 'get', path: '/healthz', access: 'anyone', show: async () => json({ alive: true }) },
  {
    method: 'get',
    path: '/readyz',
    access: 'anyone',
    show: async (fleet) => {
      const because = unready(fleet);
      const ready = because.length === 0;
      const guards = fleet.guards();
      const logins = guards.flatMap((guard) => guard.logins());
      const overdue = [...new Set(guards.flatMap((guard) => guard.overdue()))]; // several may share a journal
      const turnedAway = fleet.turnedAway();
      return json({ ready, because, overdue, logins, turnedAway }, ready ? 200 : 503);
    },
  },
  {
    method: 'get',
    path: '/metrics',
    access: 'anyone',
    show: async (fleet) => {
      const { contentType, body } = await fleet.metrics();
      return { status: 200, type: contentType, body };
    },
  },
];
