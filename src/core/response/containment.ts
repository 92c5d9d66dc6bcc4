/** Identifies a cgroup, so that a later one at the same path is not mistaken for it. */
export interface CgroupIdentity {
  /** Relative to the topmost cgroup that its creator saw. */
  readonly path: string;
  /** The kernel's number for it, unique until the next boot. */
  readonly id: string;
  /** The number of the topmost cgroup that its creator saw; a process that sees another one cannot find it by its path. */
  readonly root: string;
}

/** The cgroup that holds a command and everything it starts, or why there is none. */
export type Containment = { readonly cgroup: CgroupIdentity } | { readonly none: string };

/** Why no cgroup is known. */
export const whyUncontained = (containment: Containment | undefined): string | undefined =>
  containment === undefined
    ? 'whether it has a cgroup of its own was not recorded'
    : 'none' in containment
      ? containment.none
      : undefined;
