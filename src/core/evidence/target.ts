/** Which database this is, so that evidence about another one is never compared with it. */
export interface TargetIdentity {
  /** `system_identifier` of the cluster: set by initdb, kept by restarts and by physical replicas. */
  readonly system: string;
  readonly database: string;
  /** Of `pg_database`: a database that was put in the place of another has another. */
  readonly oid: string;
  /** Eight hexadecimal digits: a standby that is promoted, and a server that was restored, begin a new one. */
  readonly timeline: string;
  /** `server_version_num`, such as 150018. */
  readonly serverVersion: number;
}

export const sameCluster = (a: TargetIdentity, b: TargetIdentity): boolean => a.system === b.system;
/** Whatever its timeline: a failover does not make it another. */
export const sameTarget = (a: TargetIdentity, b: TargetIdentity): boolean =>
  sameCluster(a, b) && a.database === b.database && a.oid === b.oid;
export const sayTarget = ({ database, serverVersion }: Pick<TargetIdentity, 'database' | 'serverVersion'>): string =>
  `database ${database} on PostgreSQL ${Math.floor(serverVersion / 10_000)}.${serverVersion % 10_000}`;

type Told = Pick<TargetIdentity, 'system' | 'database' | 'oid'>;
/** All that tells it from another: `database app (oid 16385) of cluster 7391…`. */
export const sayIdentity = ({ system, database, oid }: Told): string =>
  `database ${database} (oid ${oid}) of cluster ${system}`;
