import { dashboard } from './dashboard.ts';
import { checks, latency, self } from './evidence-rows.ts';
import { now, states, time } from './run-rows.ts';
import { guard } from './states.ts';

export const overview = dashboard({
  uid: 'ripcord-overview',
  title: 'Ripcord overview',
  description: 'One guarded change: where it stands, what the guard sees, and why it would roll back.',
  rows: [now, states, latency, time, checks, self],
  marks: [
    {
      name: 'Phase started',
      expr: `ripcord_phase_start_timestamp_seconds{${guard}} * 1000`,
      text: '{{phase}}',
      color: 'blue',
    },
    {
      name: 'Phase ended',
      expr: `ripcord_phase_end_timestamp_seconds{${guard}} * 1000`,
      text: '{{phase}}',
      color: 'green',
    },
  ],
});
