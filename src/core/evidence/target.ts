/** Which database this is, so that evidence about another one is never compared with it. */
export interface TargetIdentity {
  /** `system_identifier` of the cluster: set by initdb, kept by restarts and by physical replicas. */
  readonly system: string;
  readonly database: string;
  /** `server_version_num`, such as 150018. */
  readonly serverVersion: number;
}

export const sameTarget = (a: TargetIdentity, b: TargetIdentity): boolean =>
  a.system === b.system && a.database === b.database;
export const sayTarget = ({ database, serverVersion }: TargetIdentity): string =>
  `database ${database} on PostgreSQL ${Math.floor(serverVersion / 10_000)}.${serverVersion % 10_000}`;
