import { statuses } from '../src/core/evidence/finding.ts';
import { phaseStates, runModes, runStages } from '../src/metrics/view.ts';
import type { Row } from './dashboard.ts';
import { bars, lines, stat, stateTimeline } from './panels.ts';
import { guard, stateSet, words } from './states.ts';

/** What somebody who was woken reads first. */
export const now: Row = {
  title: 'Now',
  height: 4,
  panels: [
    {
      width: 4,
      ...stat({
        title: 'Run',
        description: 'The stage of the run.',
        queries: [stateSet('ripcord_run_state', 'state', runStages)],
        words: words('no run', ...runStages),
      }),
    },
    {
      width: 4,
      ...stat({
        title: 'Recommendation',
        description: 'Whether the guard recommends a rollback and waits for an answer.',
        queries: [{ expr: `ripcord_recommendation_open{${guard}}`, legend: 'open' }],
        words: words('none open', 'waits for an answer'),
      }),
    },
    {
      width: 4,
      ...stat({
        title: 'Answer within',
        description: 'Time left to answer the open recommendation. Unanswered, nothing is rolled back.',
        queries: [{ expr: `ripcord_recommendation_expiry_timestamp_seconds{${guard}} - time()`, legend: 'time left' }],
        unit: 's',
      }),
    },
    {
      width: 4,
      ...stat({
        title: 'Mode',
        description: 'Armed: a rollback that was approved beforehand may start by itself.',
        queries: [stateSet('ripcord_run_mode', 'mode', runModes)],
        words: words('no run', ...runModes),
      }),
    },
    {
      width: 4,
      ...stat({
        title: 'Guard',
        description: 'A blind guard cannot judge. It holds the next phase and rolls nothing back because of it.',
        queries: [{ expr: `ripcord_guard_blind{${guard}}`, legend: 'blind' }],
        words: words('sees', 'blind'),
      }),
    },
    {
      width: 4,
      ...stat({
        title: 'Database',
        description: 'Whether the guarded database answered when it was last asked.',
        queries: [{ expr: `ripcord_target_up{${guard}}`, legend: 'up' }],
        words: words('down', 'up'),
      }),
    },
  ],
};

export const states: Row = {
  title: 'Verdicts and phases',
  height: 8,
  panels: [
    {
      width: 12,
      ...stateTimeline({
        title: 'Verdict of each criterion',
        description: 'The worst verdict of each criterion. A breach leads to a recommendation; unknown is never well.',
        queries: [stateSet('ripcord_criterion_status', 'status', statuses, 'criterion')],
        words: words('not asked', ...statuses),
      }),
    },
    {
      width: 12,
      ...stateTimeline({
        title: 'Phases',
        description: 'The state of each phase. Unknown: its wrapper was lost, so it may have changed anything.',
        queries: [stateSet('ripcord_phase_state', 'state', phaseStates, 'phase')],
        words: words('no run', ...phaseStates),
      }),
    },
  ],
};

export const time: Row = {
  title: 'Time',
  height: 8,
  panels: [
    {
      width: 12,
      ...lines({
        title: 'Worked time against the estimate',
        description: 'Worked time by the estimate, of the run and of each phase, without held time.',
        queries: [
          {
            expr: `ripcord_phase_worked_seconds{${guard}} / ripcord_phase_estimated_duration_seconds{${guard}}`,
            legend: '{{phase}}',
          },
          {
            expr: `ripcord_run_worked_seconds{${guard}} / ripcord_run_estimated_duration_seconds{${guard}}`,
            legend: 'the whole run',
          },
          { expr: `ripcord_threshold_ratio{${guard}, threshold="runtime"}`, legend: 'limit' },
        ],
        unit: 'none',
      }),
    },
    {
      width: 8,
      ...bars({
        title: 'Progress',
        description: 'The share of its work that a phase reports as done.',
        queries: [{ expr: `ripcord_phase_progress_ratio{${guard}}`, legend: '{{phase}}' }],
      }),
    },
    {
      width: 4,
      ...stat({
        title: 'Watch ends in',
        description: 'Time left of the watch after a rollback, if nothing interrupts it.',
        queries: [{ expr: `ripcord_watch_end_timestamp_seconds{${guard}} - time()`, legend: 'time left' }],
        unit: 's',
      }),
    },
  ],
};
