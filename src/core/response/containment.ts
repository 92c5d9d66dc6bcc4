/** Which cgroup it was, so that a later one at the same path is not taken for it. */
export interface CgroupIdentity {
  /** Below the topmost cgroup that its maker saw. */
  readonly path: string;
  /** The kernel's number of it, which no other gets before the next boot. */
  readonly id: string;
  /** The same of the topmost cgroup that its maker saw: whoever sees another one cannot find it by its path. */
  readonly root: string;
}

/** What holds a command and all that it starts together: a cgroup of its own, or why there is none. */
export type Containment = { readonly cgroup: CgroupIdentity } | { readonly none: string };

/** Why there is no cgroup that is known of. */
export const whyUncontained = (containment: Containment | undefined): string | undefined =>
  containment === undefined
    ? 'whether it has a cgroup of its own was not recorded'
    : 'none' in containment
      ? containment.none
      : undefined;
