declare const id: unique symbol;
type Id<Name extends string> = string & { readonly [id]: Name };

export type RunId = Id<'RunId'>;
/** One plan in one environment: `PLAN@ENVIRONMENT`. */
export type GuardId = Id<'GuardId'>;
export type PhaseId = Id<'PhaseId'>;
export type ProbeId = Id<'ProbeId'>;
export type CheckId = Id<'CheckId'>;
/** What must hold before the guard trusts any evidence: the right server, no second guard, and a clock that agrees. */
export type GuardCondition = 'target' | 'guard-lock' | 'wall-clock';
/** A source of evidence: a probe, a check, or a condition that all evidence depends on. */
export type EvidenceSource = ProbeId | CheckId | GuardCondition;
export type StepId = Id<'StepId'>;
export type PrincipalId = Id<'PrincipalId'>;
export type PreApprovalId = Id<'PreApprovalId'>;
/** The decision id: the same word in every message, metric, page and report about one recommendation. */
export type RecommendationId = Id<'RecommendationId'>;
export type RollbackId = Id<'RollbackId'>;
/** A question to people, identified by its event's sequence number in the run. Added evidence makes it a new question. */
export type QuestionId = number & { readonly [id]: 'QuestionId' };
/** What a rollback would undo, identified by the sequence number in its run of the event that last changed it. */
export type UndoRevision = number & { readonly [id]: 'UndoRevision' };
/** An entry's position among all runs of one store: later entries have higher positions, possibly with gaps. */
export type Position = number & { readonly [id]: 'Position' };
/** `sha256:` and 64 hexadecimal digits. */
export type Hash = Id<'Hash'>;

export const runId = (text: string): RunId => text as RunId;
/** Ids contain no `@`, so two guards never have the same name. */
export const guardId = (plan: string, environment: string): GuardId => `${plan}@${environment}` as GuardId;
export const phaseId = (text: string): PhaseId => text as PhaseId;
export const probeId = (text: string): ProbeId => text as ProbeId;
export const checkId = (text: string): CheckId => text as CheckId;
export const stepId = (text: string): StepId => text as StepId;
export const principalId = (text: string): PrincipalId => text as PrincipalId;
export const preApprovalId = (text: string): PreApprovalId => text as PreApprovalId;
export const recommendationId = (text: string): RecommendationId => text as RecommendationId;
export const rollbackId = (text: string): RollbackId => text as RollbackId;
export const questionId = (seq: number): QuestionId => seq as QuestionId;
export const undoRevision = (seq: number): UndoRevision => seq as UndoRevision;
export const position = (place: number): Position => place as Position;
export const hash = (text: string): Hash => text as Hash;

/** The syntax of ids in a plan: an id becomes a label, a file name and a word in sentences. */
export const idPattern = /^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/;
