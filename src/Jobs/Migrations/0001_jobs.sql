-- Jobs, apart by what can happen to them next: a table holds only what its hot statement looks for, so that a million waiting jobs cost a claim nothing
-- (docs/decisions/0015-jobs-in-four-tables.md). A job is in exactly one of the four at any moment, and moves in one statement.

-- A process takes numbers by the hundred, so that a job knows its own before it is stored.
{only:postgres}create sequence job_id increment by 100;{end}
{only:sqlite}create table job_id (next INTEGER not null) strict;
insert into job_id (next) values (1);{end}

-- Can run now. Claimed by (queue, rank); rank = due - priority x weight, so that waiting long enough passes any priority.
create table job_ready (
  id {bigint} not null primary key,
  queue {text} not null,
  kind {text} not null,
  priority {int} not null,
  rank {bigint} not null,
  due {instant} not null,
  attempts {int} not null,
  max_attempts {int} not null check (max_attempts > 0),
  lease_no {int} not null,
  crashes {int} not null,
  enqueued_at {instant} not null,
  args {text} not null,
  tags {text},
  note {text},
  metadata {text},
  unique_key {text},
  concurrency_key {text},
  concurrency_limit {int}
){strict};

-- A job that was running in two crashes is a suspect: it is claimed alone, and never in passing.
create index job_ready_claim on job_ready (queue, rank) where crashes < 2;
create index job_ready_suspect on job_ready (id) where crashes >= 2;

-- Held by a node under a lease number; every write about it matches both.
create table job_running (
  id {bigint} not null primary key,
  queue {text} not null,
  kind {text} not null,
  priority {int} not null,
  rank {bigint} not null,
  due {instant} not null,
  attempts {int} not null,
  max_attempts {int} not null,
  lease_no {int} not null,
  crashes {int} not null,
  enqueued_at {instant} not null,
  args {text} not null,
  tags {text},
  note {text},
  metadata {text},
  unique_key {text},
  concurrency_key {text},
  concurrency_limit {int},
  node {text} not null,
  claimed_at {instant} not null,
  started_at {instant},
  is_alone {bool} not null
){strict};

create index job_running_node on job_running (node);

-- Cannot run yet: scheduled for its due time, or blocked because all slots of its concurrency key are held.
create table job_waiting (
  id {bigint} not null primary key,
  state {text} not null check (state in ('scheduled', 'blocked')),
  queue {text} not null,
  kind {text} not null,
  priority {int} not null,
  rank {bigint} not null,
  due {instant} not null,
  attempts {int} not null,
  max_attempts {int} not null,
  lease_no {int} not null,
  crashes {int} not null,
  enqueued_at {instant} not null,
  args {text} not null,
  tags {text},
  note {text},
  metadata {text},
  unique_key {text},
  concurrency_key {text},
  concurrency_limit {int},
  is_knocking {bool} not null default {false},
  check (state = 'scheduled' or concurrency_key is not null)
){strict};

create index job_waiting_due on job_waiting (due) where state = 'scheduled';
create index job_waiting_key on job_waiting (concurrency_key, rank) where state = 'blocked';
create index job_waiting_knock on job_waiting (id) where is_knocking;

-- What came of it. Let go when forget_at has passed: by partition on PostgreSQL, in slices on SQLite.
create table job_history (
  id {bigint} not null,
  state {text} not null check (state in ('done', 'cancelled', 'dead')),
  queue {text} not null,
  kind {text} not null,
  priority {int} not null,
  due {instant} not null,
  attempts {int} not null,
  max_attempts {int} not null,
  lease_no {int} not null,
  crashes {int} not null,
  enqueued_at {instant} not null,
  args {text} not null,
  tags {text},
  note {text},
  metadata {text},
  unique_key {text},
  concurrency_key {text},
  concurrency_limit {int},
  node {text},
  started_at {instant},
  finished_at {instant} not null,
  forget_at {instant} not null,
  error {text}
){by_forget};

create index job_history_id on job_history (id);
{only:postgres}create index job_history_finished on job_history using brin (finished_at);{end}
{only:sqlite}create index job_history_finished on job_history (finished_at);
create index job_history_forget on job_history (forget_at);{end}

-- Every attempt that did not end well, and every crash.
create table job_failure (
  job_id {bigint} not null,
  attempt {int} not null,
  lease_no {int} not null,
  node {text} not null,
  outcome {text} not null check (outcome in ('retry', 'snooze', 'dead', 'cancelled', 'crashed', 'released')),
  started_at {instant},
  ended_at {instant} not null,
  error {text} not null,
  forget_at {instant} not null
){strict};

create index job_failure_job on job_failure (job_id);
create index job_failure_forget on job_failure (forget_at);

-- Born and gone with the job.
create table job_unique (
  key {text} not null primary key,
  job_id {bigint} not null
){clustered};

create index job_unique_job on job_unique (job_id);

-- A job that is ready or running under a concurrency key holds one of the key's slots; the key of the table is the limit.
create table job_slot (
  key {text} not null,
  n {int} not null,
  job_id {bigint} not null,
  primary key (key, n)
){clustered};

create unique index job_slot_job on job_slot (job_id);

-- Wishes about a running job: its node looks for them.
create table job_cancel (
  job_id {bigint} not null primary key,
  at {instant} not null,
  reason {text} not null
){strict};

create table job_progress (
  job_id {bigint} not null primary key,
  lease_no {int} not null,
  done {bigint} not null,
  total {bigint},
  note {text},
  at {instant} not null
){strict};

create table job_log (
  job_id {bigint} not null,
  lease_no {int} not null,
  line {int} not null,
  attempt {int} not null,
  at {instant} not null,
  level {text} not null,
  text {text} not null,
  primary key (job_id, lease_no, line)
){clustered};

-- What operators want of a queue; what is not said here comes from the configuration of each node.
create table job_queue (
  name {text} not null primary key,
  workers {int},
  is_paused {bool} not null default {false},
  changed_at {instant} not null
){strict};

create view job as
  select id, 'ready' as state, queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    cast(null as {text}) as node, cast(null as {instant}) as started_at, cast(null as {instant}) as finished_at, cast(null as {text}) as error from job_ready
  union all
  select id, 'running', queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    node, started_at, cast(null as {instant}), cast(null as {text}) from job_running
  union all
  select id, state, queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    cast(null as {text}), cast(null as {instant}), cast(null as {instant}), cast(null as {text}) from job_waiting
  union all
  select id, state, queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    node, started_at, finished_at, error from job_history;

-- For plain SQL and for Grafana.
create view queue_depth as
  select queue, sum(ready) as ready, sum(running) as running, sum(scheduled) as scheduled, sum(blocked) as blocked, min(oldest) as oldest_ready_due
  from (
    select queue, 1 as ready, 0 as running, 0 as scheduled, 0 as blocked, due as oldest from job_ready
    union all select queue, 0, 1, 0, 0, cast(null as {instant}) from job_running
    union all select queue, 0, 0, case when state = 'scheduled' then 1 else 0 end, case when state = 'blocked' then 1 else 0 end, cast(null as {instant}) from job_waiting
  ) each
  group by queue;
