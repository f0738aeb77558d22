-- Jobs that belong together, jobs that wait for others, and keys that are unique per period (docs/decisions/0017-batches-and-chains.md).

-- Jobs of one batch name it. How far it is, is read from them: nothing is counted that could be miscounted. "total" changes with the insert of its members, in one transaction.
create table job_batch (
  id {id},
  name {text} not null,
  total {int} not null default 0,
  -- Nothing more is added; only then it can finish.
  is_sealed {bool} not null default {false},
  created_at {instant} not null,
  -- Somebody wants it cancelled: what lives of it is being ended.
  cancelled_at {instant},
  callback_job_id {bigint},
  -- What came of it, as it was found when nothing of it lived any more.
  finished_at {instant},
  done {int},
  dead {int},
  cancelled {int},
  check (finished_at is null or is_sealed),
  check ((finished_at is null) = (done is null) and (done is null) = (dead is null) and (done is null) = (cancelled is null))
){strict};

create index job_batch_open on job_batch (id) where is_sealed and finished_at is null;
create index job_batch_finished on job_batch (finished_at) where finished_at is not null;

-- At most one job of a key in a period, also after it has ended; forgotten when the period is over.
create table job_unique_period (
  key {text} not null primary key,
  job_id {bigint} not null,
  until {instant} not null
){clustered};

create index job_unique_period_until on job_unique_period (until);

drop view job;
drop view queue_depth;

-- The batch a job belongs to; and whether another job waits for its end. In the history that means: which has not been told of it yet.
alter table job_ready add column batch_id {bigint};
alter table job_ready add column is_awaited {bool} not null default {false};
alter table job_running add column batch_id {bigint};
alter table job_running add column is_awaited {bool} not null default {false};
alter table job_history add column batch_id {bigint};
alter table job_history add column is_awaited {bool} not null default {false};

-- A job that waits for the end of another, or of a batch, is blocked and has no part in its concurrency key yet.
{only:postgres}alter table job_waiting add column batch_id bigint;
alter table job_waiting add column is_awaited boolean not null default false;
alter table job_waiting add column waits_for bigint;
alter table job_waiting add column waits_on text;
alter table job_waiting drop constraint job_waiting_check;
alter table job_waiting add constraint job_waiting_reason check (state = 'scheduled' or concurrency_key is not null or waits_for is not null);
alter table job_waiting add constraint job_waiting_blocked check (waits_for is null or state = 'blocked');
alter table job_waiting add constraint job_waiting_on check ((waits_for is null) = (waits_on is null) and (waits_on is null or waits_on in ('job', 'batch')));
drop index job_waiting_key;{end}
{only:sqlite}create table job_waiting_new (
  id INTEGER not null primary key,
  state TEXT not null check (state in ('scheduled', 'blocked')),
  queue TEXT not null,
  kind TEXT not null,
  priority INTEGER not null,
  rank INTEGER not null,
  due INTEGER not null,
  attempts INTEGER not null,
  max_attempts INTEGER not null,
  lease_no INTEGER not null,
  crashes INTEGER not null,
  enqueued_at INTEGER not null,
  args TEXT not null,
  tags TEXT,
  note TEXT,
  metadata TEXT,
  unique_key TEXT,
  concurrency_key TEXT,
  concurrency_limit INTEGER,
  is_knocking INTEGER not null default 0,
  batch_id INTEGER,
  is_awaited INTEGER not null default 0,
  waits_for INTEGER,
  waits_on TEXT,
  constraint job_waiting_reason check (state = 'scheduled' or concurrency_key is not null or waits_for is not null),
  constraint job_waiting_blocked check (waits_for is null or state = 'blocked'),
  constraint job_waiting_on check ((waits_for is null) = (waits_on is null) and (waits_on is null or waits_on in ('job', 'batch')))
) STRICT;
insert into job_waiting_new (id, state, queue, kind, priority, rank, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
  concurrency_limit, is_knocking)
select id, state, queue, kind, priority, rank, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
  concurrency_limit, is_knocking from job_waiting;
drop table job_waiting;
alter table job_waiting_new rename to job_waiting;
create index job_waiting_due on job_waiting (due) where state = 'scheduled';
create index job_waiting_knock on job_waiting (id) where is_knocking;{end}

create index job_waiting_key on job_waiting (concurrency_key, rank) where state = 'blocked' and waits_for is null;
create index job_waiting_for on job_waiting (waits_for, id) where waits_for is not null;

-- All of them partial: what belongs to no batch and is awaited by nobody is in none of them.
create index job_ready_batch on job_ready (batch_id, id) where batch_id is not null;
create index job_running_batch on job_running (batch_id, id) where batch_id is not null;
create index job_waiting_batch on job_waiting (batch_id, id) where batch_id is not null;
create index job_history_batch on job_history (batch_id, state) where batch_id is not null;
create index job_history_awaited on job_history (id) where is_awaited;
{only:sqlite}create index job_running_awaited on job_running (id) where is_awaited;{end}

create view job as
  select id, 'ready' as state, queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    cast(null as {text}) as node, cast(null as {instant}) as started_at, cast(null as {instant}) as finished_at, cast(null as {text}) as error,
    batch_id, cast(null as {bigint}) as waits_for, cast(null as {text}) as waits_on from job_ready
  union all
  select id, 'running', queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    node, started_at, cast(null as {instant}), cast(null as {text}), batch_id, cast(null as {bigint}), cast(null as {text}) from job_running
  union all
  select id, state, queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    cast(null as {text}), cast(null as {instant}), cast(null as {instant}), cast(null as {text}), batch_id, waits_for, waits_on from job_waiting
  union all
  select id, state, queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    node, started_at, finished_at, error, batch_id, cast(null as {bigint}), cast(null as {text}) from job_history;

-- For plain SQL and for Grafana.
create view queue_depth as
  select queue, sum(ready) as ready, sum(running) as running, sum(scheduled) as scheduled, sum(blocked) as blocked, min(oldest) as oldest_ready_due
  from (
    select queue, 1 as ready, 0 as running, 0 as scheduled, 0 as blocked, due as oldest from job_ready
    union all select queue, 0, 1, 0, 0, cast(null as {instant}) from job_running
    union all select queue, 0, 0, case when state = 'scheduled' then 1 else 0 end, case when state = 'blocked' then 1 else 0 end, cast(null as {instant}) from job_waiting
  ) each
  group by queue;
