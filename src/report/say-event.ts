import { byFamily } from '../core/run/families.ts';
import type { RunEvent } from '../core/run/events.ts';
import { sayAuthority } from './say-authority.ts';
import { sayEvidence } from './say-evidence.ts';
import { sayLifecycle } from './say-lifecycle.ts';
import { sayPhase } from './say-phase.ts';
import { sayRecommendation } from './say-recommendation.ts';
import { sayRollback } from './say-rollback.ts';
import { sayWatch } from './say-watch.ts';
import { sentence } from './wording.ts';

/** Describes an event in one line, for logs, timelines and narration. The result is plain text, not Markdown. */
export const sayEvent = (event: RunEvent): string => sentence(say(event));

const say = (event: RunEvent): string =>
  byFamily(event, {
    lifecycle: sayLifecycle,
    phase: sayPhase,
    evidence: sayEvidence,
    authority: sayAuthority,
    recommendation: sayRecommendation,
    rollback: sayRollback,
    watch: sayWatch,
  });
