/** `Ripc`, in the header of the file (sqlite.org/pragma.html#pragma_application_id). Identifies a Ripcord journal. */
export const applicationId = 0x52_69_70_63;
/** Stored in `PRAGMA user_version`. A file with another number was written by another version of Ripcord. */
export const schemaVersion = 2;

/**
 * The tables. `type` and `at` are computed from the event for people who query with SQL: a stored copy could contradict what
 * the hash covers. `opened` numbers the runs in the order of their first append. `guard` is the owner of the run, null for
 * own streams. A lease whose `owner` is null is free, and keeps its epoch.
 */
export const schema = `
  pragma application_id = ${applicationId};
  pragma user_version = ${schemaVersion};

  create table entries (
    run text not null check (run <> ''),
    seq integer not null check (seq > 0),
    position integer primary key check (position > 0),
    guard text,
    type text generated always as (event ->> 'type') virtual,
    at real generated always as (event ->> 'at') virtual,
    event text not null,
    prev text not null,
    hash text not null,
    unique (run, seq)
  ) strict;

  create trigger entries_are_never_changed before update on entries
    begin select raise(abort, 'the journal is append-only: entries are never changed'); end;
  create trigger entries_are_never_deleted before delete on entries
    begin select raise(abort, 'the journal is append-only: entries are never deleted'); end;
  create trigger entries_are_never_replaced before insert on entries
    when exists (select 1 from entries where (run = new.run and seq = new.seq) or position = new.position)
    begin select raise(abort, 'the journal is append-only: entries are never replaced'); end;

  create table heads (
    opened integer primary key,
    run text not null unique,
    seq integer not null,
    hash text not null,
    guard text,
    foreign key (run, seq) references entries (run, seq)
  ) strict;

  create table leases (
    guard text primary key,
    epoch integer not null check (epoch > 0),
    owner text,
    until real not null,
    length real not null
  ) strict, without rowid;

  create table consumers (
    consumer text primary key,
    position integer not null
  ) strict, without rowid;

  create table readings (
    run text not null,
    probe text not null,
    minute integer not null,
    body blob not null,
    primary key (run, probe, minute)
  ) strict, without rowid;
  create index readings_by_minute on readings (minute);
`;
