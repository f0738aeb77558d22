-- Recurring work: what recurs and when, and the ledger of what came of each instant at which it was due.

create table job_schedule (
  id {id},
  name {text} not null unique,
  -- "operator", or the name of the set of a program that defines it.
  source {text} not null,
  -- Since when that set no longer does.
  undefined_at {instant},
  kind {text} not null,
  args {text} not null,
  cron {text},
  zone {text},
  every {text},
  anchor {instant} not null,
  missed {text} not null check (missed in ('skip', 'once') or missed like 'all:%' or missed like 'within:%'),
  overlap {text} not null check (overlap in ('skip', 'allow', 'queue', 'cancel')),
  queue {text},
  priority {int},
  attempts {int},
  tags {text},
  note {text},
  metadata {text},
  unique_key {text},
  is_paused {bool} not null default {false},
  -- The first instant that the ledger says nothing about; null when there is none any more.
  next_due {instant},
  plan_since {instant} not null,
  -- Up to here the ledger is forgotten.
  ledger_from {instant} not null,
  revision {int} not null,
  created_at {instant} not null,
  changed_at {instant} not null,
  check ((cron is null) <> (every is null)),
  check ((cron is null) = (zone is null))
){strict};

create index job_schedule_due on job_schedule (next_due);

-- The timing in force from an instant on, until the next one: what the ledger is compared with.
create table job_schedule_plan (
  schedule_id {bigint} not null,
  since {instant} not null,
  cron {text},
  zone {text},
  every {text},
  anchor {instant} not null,
  primary key (schedule_id, since)
){clustered};

-- One due instant, or a run of them that were skipped for one reason. "queued" waits for the job of an earlier tick to end.
create table job_tick (
  schedule_id {bigint} not null,
  due {instant} not null,
  until_due {instant} not null,
  ticks {bigint} not null check (ticks > 0),
  outcome {text} not null check (outcome in ('enqueued', 'queued', 'skipped')),
  reason {text} check (reason in ('missed', 'paused', 'overlap', 'superseded', 'queue_full', 'unique', 'refused')),
  -- The job of it; of a skipped one the job that was in its way.
  job_id {bigint},
  error {text},
  at {instant} not null,
  primary key (schedule_id, due),
  check ((outcome = 'skipped') = (reason is not null)),
  check (outcome <> 'enqueued' or job_id is not null),
  check (ticks = 1 or outcome = 'skipped'),
  check ((ticks = 1) = (until_due = due))
){clustered};

create index job_tick_queued on job_tick (schedule_id, due) where outcome = 'queued';

-- Jobs of a schedule that may not have ended yet. A hint where to look: whether one has, its own row says.
create table job_schedule_job (
  schedule_id {bigint} not null,
  job_id {bigint} not null,
  primary key (schedule_id, job_id)
){clustered};
