/** Identifies a database, so that evidence is never compared with that of another one. */
export interface TargetIdentity {
  /** `system_identifier` of the cluster: set by initdb, kept by restarts and by physical replicas. */
  readonly system: string;
  readonly database: string;
  /** Of `pg_database`: a database that replaced another one has a different oid. */
  readonly oid: string;
  /** Eight hexadecimal digits; a promoted standby and a restored server begin a new one. */
  readonly timeline: string;
  /** `server_version_num`, such as 150018. */
  readonly serverVersion: number;
}

export const sameCluster = (a: TargetIdentity, b: TargetIdentity): boolean => a.system === b.system;
/** Ignores the timeline: after a failover it is still the same target. */
export const sameTarget = (a: TargetIdentity, b: TargetIdentity): boolean =>
  sameCluster(a, b) && a.database === b.database && a.oid === b.oid;
export const sayTarget = ({ database, serverVersion }: Pick<TargetIdentity, 'database' | 'serverVersion'>): string =>
  `database ${database} on PostgreSQL ${Math.floor(serverVersion / 10_000)}.${serverVersion % 10_000}`;

type Told = Pick<TargetIdentity, 'system' | 'database' | 'oid'>;
/** All identifying facts: `database app (oid 16385) of cluster 7391…`. */
export const sayIdentity = ({ system, database, oid }: Told): string =>
  `database ${database} (oid ${oid}) of cluster ${system}`;
