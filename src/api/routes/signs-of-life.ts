import { json, type Route } from '../route.ts';

/** What anyone may look at: load balancers, process supervisors, Prometheus. */
export const signsOfLife: readonly Route[] = [
  { method: 'get', path: '/healthz', access: 'anyone', handle: async () => json({ alive: true }) },
  {
    method: 'get',
    path: '/readyz',
    access: 'anyone',
    handle: async ({ guard }) => {
      const because = guard.unready();
      return json({ ready: because.length === 0, because }, because.length === 0 ? 200 : 503);
    },
  },
  {
    method: 'get',
    path: '/metrics',
    access: 'anyone',
    handle: async ({ guard }) => {
      const { contentType, body } = await guard.metrics();
      return { status: 200, type: contentType, body };
    },
  },
];
