declare const id: unique symbol;
type Id<Name extends string> = string & { readonly [id]: Name };

export type RunId = Id<'RunId'>;
export type PhaseId = Id<'PhaseId'>;
export type ProbeId = Id<'ProbeId'>;
export type CheckId = Id<'CheckId'>;
/** What gives evidence: a probe or a check. */
export type Sense = ProbeId | CheckId;
export type StepId = Id<'StepId'>;
export type PrincipalId = Id<'PrincipalId'>;
export type PreApprovalId = Id<'PreApprovalId'>;
/** The decision id: the same word in every message, metric, page and report about one recommendation. */
export type RecommendationId = Id<'RecommendationId'>;
export type RollbackId = Id<'RollbackId'>;
/** `sha256:` and 64 hexadecimal digits. */
export type Hash = Id<'Hash'>;

export const runId = (text: string): RunId => text as RunId;
export const phaseId = (text: string): PhaseId => text as PhaseId;
export const probeId = (text: string): ProbeId => text as ProbeId;
export const checkId = (text: string): CheckId => text as CheckId;
export const stepId = (text: string): StepId => text as StepId;
export const principalId = (text: string): PrincipalId => text as PrincipalId;
export const preApprovalId = (text: string): PreApprovalId => text as PreApprovalId;
export const recommendationId = (text: string): RecommendationId => text as RecommendationId;
export const rollbackId = (text: string): RollbackId => text as RollbackId;
export const hash = (text: string): Hash => text as Hash;

/** What a plan may use as an id: it becomes a label, a file name and a word in sentences. */
export const idPattern = /^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/;
