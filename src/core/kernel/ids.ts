declare const id: unique symbol;
type Id<Name extends string> = string & { readonly [id]: Name };

export type RunId = Id<'RunId'>;
/** One plan in one environment: `PLAN@ENVIRONMENT`. */
export type GuardId = Id<'GuardId'>;
export type PhaseId = Id<'PhaseId'>;
export type ProbeId = Id<'ProbeId'>;
export type CheckId = Id<'CheckId'>;
/** What the guard must be sure of itself: that the right server answers it, and that it is the only guard there. */
export type GuardSense = 'target' | 'guard-lock' | 'wall-clock';
/** What gives evidence: a probe, a check, or what all evidence rests on. */
export type Sense = ProbeId | CheckId | GuardSense;
export type StepId = Id<'StepId'>;
export type PrincipalId = Id<'PrincipalId'>;
export type PreApprovalId = Id<'PreApprovalId'>;
/** The decision id: the same word in every message, metric, page and report about one recommendation. */
export type RecommendationId = Id<'RecommendationId'>;
export type RollbackId = Id<'RollbackId'>;
/** What is asked of people, by the sequence number in its run of the event that asks it. What joins makes it another one. */
export type QuestionId = number & { readonly [id]: 'QuestionId' };
/** What a rollback would undo, by the sequence number in its run of the event that changed it last. */
export type UndoRevision = number & { readonly [id]: 'UndoRevision' };
/** Where an entry stands among those of all runs in one store: later entries have higher ones, and there may be gaps. */
export type Position = number & { readonly [id]: 'Position' };
/** `sha256:` and 64 hexadecimal digits. */
export type Hash = Id<'Hash'>;

export const runId = (text: string): RunId => text as RunId;
/** No id holds an `@`, so two guards never have the same name. */
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

/** What a plan may use as an id: it becomes a label, a file name and a word in sentences. */
export const idPattern = /^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/;
