import { expand, type Sources } from './expand.ts';
import type { Fault, Objection } from './fault.ts';
import { schemaObjections } from './issues.ts';
import type { Located } from './line-numbers.ts';
import { loginObjections } from './logins.ts';
import { type Plan, planSchema } from './plan.ts';
import { referenceObjections } from './references.ts';
import { pathKey, sayPath } from './tree.ts';
import { secretWarnings, writtenOutWarnings } from './hidden.ts';
import { unaskedTransactions, withUsersSeries } from './users-series.ts';
import { planWarnings } from './warnings.ts';
import { readYaml } from './yaml.ts';

export type Parsed =
  | {
      readonly plan: Plan;
      /** The environment that was named, or the only one; absent if there are several and none was named. */
      readonly environment?: string;
      /** Every text that must not be shown: values from the environment and files, passwords in addresses. */
      readonly secrets: readonly string[];
      /** Valid but probably unintended parts of the plan, one sentence each. */
      readonly warnings: readonly string[];
      /** The values of placeholders that are not secret, by name. */
      readonly settings: Readonly<Record<string, string>>;
    }
  | { readonly faults: readonly Fault[] };

/** Sources that expand nothing, so that the text itself is examined. */
const asWrittenIn = (environment: string | undefined): Sources => ({
  env: {},
  readFile: () => undefined,
  unfilled: true,
  ...(environment !== undefined && { environment }),
});

/** Parses a plan. Returns it whole and frozen, or all of its faults in the order of the text. */
export function parsePlan(text: string, sources: Sources): Parsed {
  const read = readYaml(text);
  if ('faults' in read) return read;
  if (!read.complete) return { faults: inOrder(read.objections.map((objection) => toFault(objection, read))) };
  const expanded = expand(read.tree, sources);
  const checked = planSchema.safeParse(expanded.tree);
  const asWritten = (objection: Objection): Objection => ({
    ...objection,
    path: expanded.twins.get(pathKey(objection.path)) ?? objection.path,
  });
  const ofTwins = (objection: Objection): Objection => {
    const path = expanded.twins.get(pathKey(objection.path));
    return path === undefined ? objection : { ...objection, path, found: `a value from ${path.at(-1)}` };
  };
  const objections = firstAtEachPath([
    read.objections,
    expanded.objections,
    schemaObjections(checked.error?.issues ?? [], read.tree).map(ofTwins),
    referenceObjections({ expanded: expanded.tree, written: read.tree }),
    loginObjections(expanded.tree).map(asWritten),
    unaskedTransactions(expanded.tree),
  ]);
  if (checked.data !== undefined && objections.length === 0) {
    const { chosen: environment, secrets, settings } = expanded;
    const plan = deepFreeze(withUsersSeries(checked.data, environment));
    const warnings = [
      ...expanded.warnings,
      ...writtenOutWarnings(expand(read.tree, asWrittenIn(environment)).secrets),
      ...secretWarnings(plan, environment, secrets),
      ...planWarnings(checked.data),
    ];
    return { plan, secrets, warnings, settings, ...(environment !== undefined && { environment }) };
  }
  return { faults: inOrder(objections.map((objection) => toFault(objection, read))) };
}

const spot = ({ path, at }: Objection): string => `${at} ${pathKey(path)}`;

/** Only the first objection at a path counts: an unset variable, for instance, is not also reported as a bad duration. */
function firstAtEachPath(stages: readonly (readonly Objection[])[]): readonly Objection[] {
  const kept: Objection[] = [];
  for (const stage of stages) {
    const before = new Set(kept.map(spot));
    kept.push(...stage.filter((objection) => !before.has(spot(objection))));
  }
  return kept;
}

const toFault = (objection: Objection, located: Located): Fault => ({
  ...located.place(objection),
  path: sayPath(objection.path),
  found: objection.found,
  wanted: objection.wanted,
});

const inOrder = (faults: readonly Fault[]): readonly Fault[] =>
  faults.toSorted((a, b) => a.line - b.line || a.column - b.column);

function deepFreeze<Value>(value: Value): Value {
  if (value !== null && typeof value === 'object') for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
