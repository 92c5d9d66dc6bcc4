import { bodies, readBody } from './bodies.ts';
import { accepted, type Route, runOf, view } from './route.ts';
import { acts } from './routes/acts.ts';
import { gate } from './routes/gate.ts';
import { phaseReports } from './routes/phase-reports.ts';
import { principals } from './routes/principals.ts';
import { reads } from './routes/reads.ts';
import { signsOfLife } from './routes/signs-of-life.ts';

const open: Route = {
  method: 'post',
  path: '/api/v1/runs',
  access: ['operate'],
  handle: async (call) => {
    readBody(bodies.nothing, call.body);
    accepted(await call.guard.open(call.by));
    return view(call, runOf(call), 201);
  },
};

/** Every route and who may call it. A path that is not in this table does not exist. */
export const routes: readonly Route[] = [...signsOfLife, ...reads, gate, open, ...acts, ...phaseReports, ...principals];
