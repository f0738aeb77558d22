-- What was accepted, written by the statement that stores the jobs and by nothing that moves them, so that the tables of jobs can be held against it
-- (docs/decisions/0018-balance.md).

-- A run of numbers of one kind, accepted at one instant: "at" is their enqueued_at. A negative n takes one back that an operator deleted or wrote off.
create table job_accepted (
  at {instant} not null,
  kind {text} not null,
  first_id {bigint} not null,
  last_id {bigint} not null,
  n {int} not null
){strict};

{only:postgres}create index job_accepted_at on job_accepted using brin (at);{end}
{only:sqlite}create index job_accepted_at on job_accepted (at);{end}

-- Accepted more than a day ago, or run again by an operator, and not yet seen to have ended.
create table job_owed (
  job_id {bigint} not null primary key,
  kind {text} not null,
  at {instant} not null,
  is_missing {bool} not null default {false}
){strict};

-- The last balance, one row. Nodes take turns by taken_at.
create table job_balance (
  id {int} not null primary key check (id = 1),
  since {instant} not null,
  taken_at {instant},
  at {instant},
  wide_at {instant},
  bad_from {instant},
  report {text}
){strict};

insert into job_balance (id, since) values (1, {only:postgres}clock_timestamp(){end}{only:sqlite}cast(unixepoch('subsec') * 1000000 as integer){end});
