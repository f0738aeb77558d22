CREATE TABLE api_token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT not null,
  prefix TEXT not null,
  hash TEXT not null,
  role TEXT not null check (role in ('admin', 'operator', 'viewer', 'ingest')),
  topics TEXT,
  devices TEXT,
  user_name TEXT,
  created_at INTEGER not null,
  created_by TEXT not null,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER
) STRICT;

CREATE INDEX api_token_created_by on api_token (created_by) where revoked_at is null;

CREATE UNIQUE INDEX api_token_name on api_token (name) where revoked_at is null;

CREATE UNIQUE INDEX api_token_prefix on api_token (prefix);

CREATE INDEX api_token_user on api_token (user_name) where user_name is not null;

CREATE TABLE audit_head (
  one INTEGER not null primary key check (one = 1),
  identity TEXT,
  key_id TEXT,
  last_no INTEGER not null,
  last_seal TEXT not null
) STRICT;

CREATE TABLE audit_log (
  no INTEGER not null primary key,
  uid TEXT not null,
  at INTEGER not null,
  actor_kind TEXT not null,
  actor_name TEXT not null,
  actor_from TEXT not null,
  action TEXT not null,
  subject TEXT not null,
  before_json TEXT,
  after_json TEXT,
  key_id TEXT not null,
  proof TEXT not null,
  seal TEXT not null
, correlation_id TEXT, trace_id TEXT) STRICT;

CREATE INDEX audit_log_correlation on audit_log (correlation_id, no) where correlation_id is not null;

CREATE INDEX audit_log_trace on audit_log (trace_id, no) where trace_id is not null;

CREATE UNIQUE INDEX audit_log_uid on audit_log (uid);

CREATE TABLE audit_waiting (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT not null,
  at INTEGER not null,
  actor_kind TEXT not null,
  actor_name TEXT not null,
  actor_from TEXT not null,
  action TEXT not null,
  subject TEXT not null,
  before_json TEXT,
  after_json TEXT,
  key_id TEXT not null,
  proof TEXT not null
, correlation_id TEXT, trace_id TEXT) STRICT;

CREATE INDEX audit_waiting_correlation on audit_waiting (correlation_id, id) where correlation_id is not null;

CREATE INDEX audit_waiting_trace on audit_waiting (trace_id, id) where trace_id is not null;

CREATE TABLE device (
  id INTEGER not null primary key,
  endpoint_id INTEGER not null references endpoint (id),
  name TEXT not null,
  address TEXT not null,
  settings TEXT not null,
  category TEXT not null,
  tags TEXT not null,
  parent TEXT,
  enabled INTEGER not null,
  stopped INTEGER not null default 0,
  status TEXT not null check (status in ('unknown', 'online', 'degraded', 'offline', 'paused')),
  status_at INTEGER not null,
  failures INTEGER not null default 0,
  breaker_until INTEGER,
  created_at INTEGER not null,
  removed_at INTEGER,
  revision INTEGER not null
) STRICT;

CREATE INDEX device_endpoint on device (endpoint_id);

CREATE UNIQUE INDEX device_name on device (name) where removed_at is null;

CREATE INDEX device_revision on device (revision);

CREATE TABLE endpoint (
  id INTEGER not null primary key,
  driver TEXT not null,
  address TEXT not null,
  settings TEXT not null,
  owner TEXT,
  lease_no INTEGER not null default 0,
  claimed_at INTEGER,
  unique (driver, address)
) STRICT;

CREATE TABLE import (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  state TEXT not null check (state in ('queued', 'running', 'done', 'failed', 'dead', 'cancelled')),
  hash TEXT not null,
  file TEXT not null,
  bytes INTEGER not null,
  profile TEXT not null,
  profile_text TEXT not null,
  unknown_meters TEXT not null check (unknown_meters in ('create', 'refuse', 'skip')),
  max_rejects INTEGER,
  priority TEXT not null check (priority in ('low', 'normal', 'high')),
  tags TEXT,
  note TEXT,
  metadata TEXT,
  max_retries INTEGER not null,
  retry_count INTEGER not null default 0,
  retry_at INTEGER,
  last_error TEXT,
  job_id INTEGER,
  created_at INTEGER not null,
  started_at INTEGER,
  progress_at INTEGER,
  finished_at INTEGER,
  units INTEGER not null default 0,
  bytes_read INTEGER not null default 0,
  value_count INTEGER not null default 0,
  inserted INTEGER not null default 0,
  replaced INTEGER not null default 0,
  kept INTEGER not null default 0,
  same INTEGER not null default 0,
  skipped INTEGER not null default 0,
  missing INTEGER not null default 0,
  rejected INTEGER not null default 0,
  header TEXT,
  warnings TEXT,
  undo_job_id INTEGER,
  undone_at INTEGER,
  undo_deleted INTEGER not null default 0,
  undo_restored INTEGER not null default 0,
  undo_kept INTEGER not null default 0,
  alert_sent INTEGER not null default 0,
  alert_sent_at INTEGER
, rows_per_s REAL, webhook TEXT, webhook_job_id INTEGER, meter TEXT, rejected_ahead INTEGER not null default 0) STRICT;

CREATE INDEX import_finished on import (finished_at);

CREATE UNIQUE INDEX import_once on import (hash, coalesce(meter, '')) where undone_at is null and state in ('queued', 'running', 'done', 'failed');

CREATE INDEX import_state on import (state, id);

CREATE TABLE import_correction (
  series_id INTEGER not null,
  at INTEGER not null,
  import_id INTEGER not null,
  former_import INTEGER,
  old_value REAL not null,
  old_mark TEXT not null,
  corrected_at INTEGER not null, new_value REAL, new_mark TEXT,
  primary key (series_id, at, import_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX import_correction_import on import_correction (import_id, series_id, at);

CREATE TABLE import_error (
  import_id INTEGER not null,
  no INTEGER not null,
  at INTEGER not null,
  error TEXT not null,
  is_permanent INTEGER not null,
  primary key (import_id, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_head (
  no INTEGER not null primary key check (no = 1),
  vault TEXT not null,
  summary_at INTEGER
) STRICT;

CREATE TABLE import_reject (
  import_id INTEGER not null,
  no INTEGER not null,
  line INTEGER not null,
  field TEXT not null,
  value TEXT not null,
  reason TEXT not null,
  raw TEXT not null,
  context TEXT,
  primary key (import_id, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_run (
  series_id INTEGER not null,
  from_us INTEGER not null,
  until_us INTEGER not null,
  step_us INTEGER not null check (step_us > 0),
  import_id INTEGER not null,
  primary key (series_id, from_us, import_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX import_run_import on import_run (import_id);

CREATE TABLE import_source_file (
  source TEXT not null,
  name TEXT not null,
  version TEXT not null,
  import_id INTEGER,
  seen_at INTEGER not null,
  primary key (source, name)
) STRICT, WITHOUT ROWID;

CREATE VIEW job as
  select id, 'ready' as state, queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    cast(null as TEXT) as node, cast(null as INTEGER) as started_at, cast(null as INTEGER) as finished_at, cast(null as TEXT) as error,
    batch_id, cast(null as INTEGER) as waits_for, cast(null as TEXT) as waits_on from job_ready
  union all
  select id, 'running', queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    node, started_at, cast(null as INTEGER), cast(null as TEXT), batch_id, cast(null as INTEGER), cast(null as TEXT) from job_running
  union all
  select id, state, queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    cast(null as TEXT), cast(null as INTEGER), cast(null as INTEGER), cast(null as TEXT), batch_id, waits_for, waits_on from job_waiting
  union all
  select id, state, queue, kind, priority, due, attempts, max_attempts, lease_no, crashes, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
    node, started_at, finished_at, error, batch_id, cast(null as INTEGER), cast(null as TEXT) from job_history;

CREATE TABLE job_accepted (
  at INTEGER not null,
  kind TEXT not null,
  first_id INTEGER not null,
  last_id INTEGER not null,
  n INTEGER not null
) STRICT;

CREATE INDEX job_accepted_at on job_accepted (at);

CREATE TABLE job_balance (
  id INTEGER not null primary key check (id = 1),
  since INTEGER not null,
  taken_at INTEGER,
  at INTEGER,
  wide_at INTEGER,
  bad_from INTEGER,
  report TEXT
) STRICT;

CREATE TABLE job_batch (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT not null,
  total INTEGER not null default 0,
  is_sealed INTEGER not null default 0,
  created_at INTEGER not null,
  cancelled_at INTEGER,
  callback_job_id INTEGER,
  finished_at INTEGER,
  done INTEGER,
  dead INTEGER,
  cancelled INTEGER,
  check (finished_at is null or is_sealed),
  check ((finished_at is null) = (done is null) and (done is null) = (dead is null) and (done is null) = (cancelled is null))
) STRICT;

CREATE INDEX job_batch_finished on job_batch (finished_at) where finished_at is not null;

CREATE INDEX job_batch_open on job_batch (id) where is_sealed and finished_at is null;

CREATE TABLE job_cancel (
  job_id INTEGER not null primary key,
  at INTEGER not null,
  reason TEXT not null
) STRICT;

CREATE TABLE job_failure (
  job_id INTEGER not null,
  attempt INTEGER not null,
  lease_no INTEGER not null,
  node TEXT not null,
  outcome TEXT not null check (outcome in ('retry', 'snooze', 'dead', 'cancelled', 'crashed', 'released')),
  started_at INTEGER,
  ended_at INTEGER not null,
  error TEXT not null,
  forget_at INTEGER not null
) STRICT;

CREATE INDEX job_failure_forget on job_failure (forget_at);

CREATE INDEX job_failure_job on job_failure (job_id);

CREATE TABLE job_history (
  id INTEGER not null,
  state TEXT not null check (state in ('done', 'cancelled', 'dead')),
  queue TEXT not null,
  kind TEXT not null,
  priority INTEGER not null,
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
  node TEXT,
  started_at INTEGER,
  finished_at INTEGER not null,
  forget_at INTEGER not null,
  error TEXT
, batch_id INTEGER, is_awaited INTEGER not null default 0) STRICT;

CREATE INDEX job_history_awaited on job_history (id) where is_awaited;

CREATE INDEX job_history_batch on job_history (batch_id, state) where batch_id is not null;

CREATE INDEX job_history_finished on job_history (finished_at);

CREATE INDEX job_history_forget on job_history (forget_at);

CREATE INDEX job_history_id on job_history (id);

CREATE TABLE job_id (next INTEGER not null) strict;

CREATE TABLE job_log (
  job_id INTEGER not null,
  lease_no INTEGER not null,
  line INTEGER not null,
  attempt INTEGER not null,
  at INTEGER not null,
  level TEXT not null,
  text TEXT not null,
  primary key (job_id, lease_no, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_owed (
  job_id INTEGER not null primary key,
  kind TEXT not null,
  at INTEGER not null,
  is_missing INTEGER not null default 0
) STRICT;

CREATE TABLE job_progress (
  job_id INTEGER not null primary key,
  lease_no INTEGER not null,
  done INTEGER not null,
  total INTEGER,
  note TEXT,
  at INTEGER not null
) STRICT;

CREATE TABLE job_queue (
  name TEXT not null primary key,
  workers INTEGER,
  is_paused INTEGER not null default 0,
  changed_at INTEGER not null
) STRICT;

CREATE TABLE job_ready (
  id INTEGER not null primary key,
  queue TEXT not null,
  kind TEXT not null,
  priority INTEGER not null,
  rank INTEGER not null,
  due INTEGER not null,
  attempts INTEGER not null,
  max_attempts INTEGER not null check (max_attempts > 0),
  lease_no INTEGER not null,
  crashes INTEGER not null,
  enqueued_at INTEGER not null,
  args TEXT not null,
  tags TEXT,
  note TEXT,
  metadata TEXT,
  unique_key TEXT,
  concurrency_key TEXT,
  concurrency_limit INTEGER
, batch_id INTEGER, is_awaited INTEGER not null default 0) STRICT;

CREATE INDEX job_ready_batch on job_ready (batch_id, id) where batch_id is not null;

CREATE INDEX job_ready_claim on job_ready (queue, rank) where crashes < 2;

CREATE INDEX job_ready_suspect on job_ready (id) where crashes >= 2;

CREATE TABLE job_running (
  id INTEGER not null primary key,
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
  node TEXT not null,
  claimed_at INTEGER not null,
  started_at INTEGER,
  is_alone INTEGER not null
, batch_id INTEGER, is_awaited INTEGER not null default 0) STRICT;

CREATE INDEX job_running_awaited on job_running (id) where is_awaited;

CREATE INDEX job_running_batch on job_running (batch_id, id) where batch_id is not null;

CREATE TABLE job_schedule (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT not null unique,
  source TEXT not null,
  undefined_at INTEGER,
  kind TEXT not null,
  args TEXT not null,
  cron TEXT,
  zone TEXT,
  every TEXT,
  anchor INTEGER not null,
  missed TEXT not null check (missed in ('skip', 'once') or missed like 'all:%' or missed like 'within:%'),
  overlap TEXT not null check (overlap in ('skip', 'allow', 'queue', 'cancel')),
  queue TEXT,
  priority INTEGER,
  attempts INTEGER,
  tags TEXT,
  note TEXT,
  metadata TEXT,
  unique_key TEXT,
  is_paused INTEGER not null default 0,
  next_due INTEGER,
  plan_since INTEGER not null,
  ledger_from INTEGER not null,
  revision INTEGER not null,
  created_at INTEGER not null,
  changed_at INTEGER not null,
  check ((cron is null) <> (every is null)),
  check ((cron is null) = (zone is null))
) STRICT;

CREATE INDEX job_schedule_due on job_schedule (next_due);

CREATE TABLE job_schedule_job (
  schedule_id INTEGER not null,
  job_id INTEGER not null,
  primary key (schedule_id, job_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_schedule_plan (
  schedule_id INTEGER not null,
  since INTEGER not null,
  cron TEXT,
  zone TEXT,
  every TEXT,
  anchor INTEGER not null,
  primary key (schedule_id, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_slot (
  key TEXT not null,
  n INTEGER not null,
  job_id INTEGER not null,
  primary key (key, n)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX job_slot_job on job_slot (job_id);

CREATE TABLE job_tick (
  schedule_id INTEGER not null,
  due INTEGER not null,
  until_due INTEGER not null,
  ticks INTEGER not null check (ticks > 0),
  outcome TEXT not null check (outcome in ('enqueued', 'queued', 'skipped')),
  reason TEXT check (reason in ('missed', 'paused', 'overlap', 'superseded', 'queue_full', 'unique', 'refused')),
  job_id INTEGER,
  error TEXT,
  at INTEGER not null,
  primary key (schedule_id, due),
  check ((outcome = 'skipped') = (reason is not null)),
  check (outcome <> 'enqueued' or job_id is not null),
  check (ticks = 1 or outcome = 'skipped'),
  check ((ticks = 1) = (until_due = due))
) STRICT, WITHOUT ROWID;

CREATE INDEX job_tick_queued on job_tick (schedule_id, due) where outcome = 'queued';

CREATE TABLE job_trace (
  job_id INTEGER not null primary key,
  correlation_id TEXT not null,
  trace_id TEXT not null,
  at INTEGER not null
) STRICT;

CREATE INDEX job_trace_at on job_trace (at);

CREATE INDEX job_trace_correlation on job_trace (correlation_id, job_id);

CREATE INDEX job_trace_trace on job_trace (trace_id, job_id);

CREATE TABLE job_unique (
  key TEXT not null primary key,
  job_id INTEGER not null
) STRICT, WITHOUT ROWID;

CREATE INDEX job_unique_job on job_unique (job_id);

CREATE TABLE job_unique_period (
  key TEXT not null primary key,
  job_id INTEGER not null,
  until INTEGER not null
) STRICT, WITHOUT ROWID;

CREATE INDEX job_unique_period_until on job_unique_period (until);

CREATE TABLE "job_waiting" (
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

CREATE INDEX job_waiting_batch on job_waiting (batch_id, id) where batch_id is not null;

CREATE INDEX job_waiting_due on job_waiting (due) where state = 'scheduled';

CREATE INDEX job_waiting_for on job_waiting (waits_for, id) where waits_for is not null;

CREATE INDEX job_waiting_key on job_waiting (concurrency_key, rank) where state = 'blocked' and waits_for is null;

CREATE INDEX job_waiting_knock on job_waiting (id) where is_knocking;

CREATE INDEX job_waiting_knock_key on job_waiting (concurrency_key) where is_knocking and waits_for is null;

CREATE TABLE live_event (
  id INTEGER not null primary key,
  stamp INTEGER not null,
  name TEXT not null,
  topic TEXT not null,
  also_on TEXT,
  at INTEGER not null,
  logged_at INTEGER not null,
  data TEXT not null
, correlation_id TEXT, trace_id TEXT, not_for TEXT) STRICT;

CREATE INDEX live_event_correlation on live_event (correlation_id, id) where correlation_id is not null;

CREATE INDEX live_event_trace on live_event (trace_id, id) where trace_id is not null;

CREATE TABLE live_head (
  only_row INTEGER not null primary key check (only_row = 1),
  epoch TEXT not null,
  last INTEGER not null
) STRICT;

CREATE TABLE live_ticket (
  hash TEXT not null primary key,
  handle TEXT not null,
  expires_at INTEGER not null
) STRICT;

CREATE INDEX live_ticket_expires on live_ticket (expires_at);

CREATE INDEX live_ticket_handle on live_ticket (handle);

CREATE TABLE meter_swap (
  series_id INTEGER not null,
  at INTEGER not null,
  old_end REAL,
  new_start REAL,
  declared_at INTEGER not null,
  primary key (series_id, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE node (
  id TEXT not null primary key,
  host TEXT not null,
  place TEXT not null,
  pid INTEGER not null,
  pid_started INTEGER not null,
  roles TEXT not null,
  version TEXT not null,
  state TEXT not null check (state in ('live', 'dead')),
  started_at INTEGER not null,
  ended_at INTEGER,
  seen_revision INTEGER not null default 0
, takes_work INTEGER not null default 1, is_draining INTEGER not null default 0, session TEXT not null default '') STRICT;

CREATE INDEX node_live on node (id) where state = 'live';

CREATE TABLE node_lease (
  id TEXT not null primary key references node (id) on delete cascade,
  expires_at INTEGER not null
, clock_offset_us INTEGER not null default 0, progress_at INTEGER) STRICT;

CREATE TABLE point (
  id INTEGER not null primary key,
  group_id INTEGER not null references poll_group (id),
  series_id INTEGER not null references series (id),
  ordinal INTEGER not null,
  position INTEGER not null,
  name TEXT not null,
  unit TEXT not null,
  kind TEXT not null,
  settings TEXT not null,
  removed_at INTEGER
) STRICT;

CREATE INDEX point_group on point (group_id);

CREATE INDEX point_name on point (name) where removed_at is null;

CREATE TABLE poll (
  slot INTEGER not null,
  group_id INTEGER not null,
  plan_no INTEGER not null,
  slots INTEGER not null check (slots > 0),
  outcome TEXT not null check (outcome in ('ok', 'partial', 'failed', 'missed')),
  reason TEXT,
  lateness_us INTEGER,
  duration_us INTEGER,
  detail TEXT,
  lease_no INTEGER not null,
  primary key (slot, group_id),
  check (outcome = 'missed' or slots = 1),
  check ((outcome = 'ok') = (reason is null))
) STRICT, WITHOUT ROWID;

CREATE INDEX poll_gap on poll (slot, group_id) where slots > 1;

CREATE TABLE poll_group (
  id INTEGER not null primary key,
  device_id INTEGER not null references device (id),
  source_id INTEGER not null references source (id),
  name TEXT not null,
  position INTEGER not null,
  interval_us INTEGER not null check (interval_us >= 100000),
  phase_us INTEGER not null,
  align INTEGER not null,
  timeout_us INTEGER,
  max_lateness_us INTEGER,
  enabled INTEGER not null,
  removed_at INTEGER,
  accounted_to INTEGER not null,
  last_ok_at INTEGER,
  last_error TEXT,
  last_error_at INTEGER
) STRICT;

CREATE INDEX poll_group_device on poll_group (device_id);

CREATE UNIQUE INDEX poll_group_name on poll_group (device_id, name) where removed_at is null;

CREATE INDEX poll_group_source on poll_group (source_id);

CREATE TABLE poll_plan (
  group_id INTEGER not null references poll_group (id),
  no INTEGER not null,
  from_at INTEGER not null,
  until_at INTEGER,
  interval_us INTEGER not null,
  phase_us INTEGER not null, endpoint_id INTEGER,
  primary key (group_id, no),
  check (until_at is null or until_at >= from_at)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX poll_plan_open on poll_plan (group_id) where until_at is null;

CREATE TABLE poll_request (
  id TEXT not null primary key,
  device_id INTEGER not null references device (id),
  asked_at INTEGER not null,
  node TEXT,
  done_at INTEGER,
  answer TEXT
) STRICT;

CREATE INDEX poll_request_open on poll_request (asked_at) where done_at is null;

CREATE TABLE poll_stat (
  group_id INTEGER not null,
  hour INTEGER not null,
  ok INTEGER not null,
  part INTEGER not null,
  failed INTEGER not null,
  missed INTEGER not null,
  lateness TEXT not null,
  duration TEXT not null,
  primary key (group_id, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE polling_state (
  only_row INTEGER not null primary key check (only_row = 1),
  revision INTEGER not null,
  last_id INTEGER not null,
  enabled INTEGER not null
) STRICT;

CREATE VIEW queue_depth as
  select queue, sum(ready) as ready, sum(running) as running, sum(scheduled) as scheduled, sum(blocked) as blocked, min(oldest) as oldest_ready_due
  from (
    select queue, 1 as ready, 0 as running, 0 as scheduled, 0 as blocked, due as oldest from job_ready
    union all select queue, 0, 1, 0, 0, cast(null as INTEGER) from job_running
    union all select queue, 0, 0, case when state = 'scheduled' then 1 else 0 end, case when state = 'blocked' then 1 else 0 end, cast(null as INTEGER) from job_waiting
  ) each
  group by queue;

CREATE VIEW reading as
select s.name as series, p.at as at, cast(json_extract(p.vals, '$[' || s.ordinal || ']') as real) as value,
  case when p.flags is null then 'good' when substr(p.flags, s.ordinal + 1, 1) in ('', '.') then 'good' else 'suspect' end as quality,
  s.unit as unit, strftime('%Y-%m-%dT%H:%M:%fZ', p.at / 1000000.0, 'unixepoch') as time
from series s join sample p on p.source_id = s.source_id
where json_extract(p.vals, '$[' || s.ordinal || ']') is not null
union all
select o.series, o.at, case when o.texts is null then (o.base + o.cell - 1) * 1.0 / o.scale else cast(json_extract(o.texts, '$[' || o.n || ']') as real) end,
  case when o.flags is null or substr(o.flags, o.n + 1, 1) = '.' then 'good' else 'suspect' end, o.unit, strftime('%Y-%m-%dT%H:%M:%fZ', o.at / 1000000.0, 'unixepoch')
from (
  select s.name as series, s.unit as unit, c.base as base, c.scale as scale, c.texts as texts, c.flags as flags, n.n as n,
    a.from_at + a.step * (case when a.width = 0 then n.n else case when a.width >= 1 then (instr(b.bytes, substr(a.units, n.n * a.width + 1, 1)) - 1) << (8 * (a.width - 1)) else 0 end + case when a.width >= 2 then (instr(b.bytes, substr(a.units, n.n * a.width + 2, 1)) - 1) << (8 * (a.width - 2)) else 0 end + case when a.width >= 3 then (instr(b.bytes, substr(a.units, n.n * a.width + 3, 1)) - 1) << (8 * (a.width - 3)) else 0 end + case when a.width >= 4 then (instr(b.bytes, substr(a.units, n.n * a.width + 4, 1)) - 1) << (8 * (a.width - 4)) else 0 end + case when a.width >= 5 then (instr(b.bytes, substr(a.units, n.n * a.width + 5, 1)) - 1) << (8 * (a.width - 5)) else 0 end + case when a.width >= 6 then (instr(b.bytes, substr(a.units, n.n * a.width + 6, 1)) - 1) << (8 * (a.width - 6)) else 0 end end) as at,
    case when c.width = 0 then 1 else case when c.width >= 1 then (instr(b.bytes, substr(c.cells, n.n * c.width + 1, 1)) - 1) << (8 * (c.width - 1)) else 0 end + case when c.width >= 2 then (instr(b.bytes, substr(c.cells, n.n * c.width + 2, 1)) - 1) << (8 * (c.width - 2)) else 0 end + case when c.width >= 3 then (instr(b.bytes, substr(c.cells, n.n * c.width + 3, 1)) - 1) << (8 * (c.width - 3)) else 0 end + case when c.width >= 4 then (instr(b.bytes, substr(c.cells, n.n * c.width + 4, 1)) - 1) << (8 * (c.width - 4)) else 0 end + case when c.width >= 5 then (instr(b.bytes, substr(c.cells, n.n * c.width + 5, 1)) - 1) << (8 * (c.width - 5)) else 0 end + case when c.width >= 6 then (instr(b.bytes, substr(c.cells, n.n * c.width + 6, 1)) - 1) << (8 * (c.width - 6)) else 0 end end as cell
  from series s join sample_archive a on a.source_id = s.source_id
    join sample_archive_column c on c.source_id = a.source_id and c.from_at = a.from_at and c.ordinal = s.ordinal
    join sample_place n on n.n < a.samples
    cross join (select x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff' as bytes) b
) o
where case when o.texts is null then o.cell > 0 else json_extract(o.texts, '$[' || o.n || ']') is not null end;

CREATE TABLE reading_duplicate (
  source_id INTEGER not null,
  ordinal INTEGER not null,
  day INTEGER not null,
  count INTEGER not null,
  primary key (source_id, ordinal, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE reading_finding (
  day INTEGER not null,
  series_id INTEGER not null,
  expected INTEGER,
  present INTEGER not null,
  gaps INTEGER not null,
  suspect INTEGER not null,
  outliers INTEGER not null,
  stuck INTEGER not null,
  negative INTEGER not null,
  duplicates INTEGER not null,
  found_at INTEGER not null,
  primary key (day, series_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX reading_finding_found on reading_finding (found_at);

CREATE TABLE reading_kept (
  class TEXT not null check (class in ('polled', 'imported')),
  tier INTEGER not null check (tier between 0 and 6),
  from_at INTEGER not null,
  primary key (class, tier)
) STRICT, WITHOUT ROWID;

CREATE TABLE reading_late_day (
  source_id INTEGER not null,
  day INTEGER not null,
  version INTEGER not null,
  primary key (source_id, day)
) STRICT, WITHOUT ROWID;

CREATE VIEW reading_rollup as
select s.name as series, case r.tier when 1 then '15m' when 2 then '1h' when 3 then '1d' when 4 then '1w' when 5 then '1mo' else '1y' end as tier, r.at as at,
  r.readings as readings, r.expected as expected, r.suspect as suspect, cast(r.total as real) / nullif(r.readings, 0) as average, cast(r.total as real) as total, r.low as low, r.high as high,
  r.first as first, r.last as last, cast(case s.kind when 'energy' then r.total else r.delta end as real) as delta, cast(r.unallocated as real) as unallocated,
  s.unit as unit, strftime('%Y-%m-%dT%H:%M:%fZ', r.at / 1000000.0, 'unixepoch') as time
from series s join rollup r on r.series_id = s.id;

CREATE TABLE readings_state (
  only_row INTEGER not null primary key check (only_row = 1),
  last_id INTEGER not null
, raw_from INTEGER, zone TEXT, marked_to INTEGER, judged_to INTEGER, judging INTEGER) STRICT;

CREATE TABLE rollup (
  series_id INTEGER not null,
  tier INTEGER not null check (tier between 1 and 6),
  at INTEGER not null,
  readings INTEGER not null,
  suspect INTEGER not null,
  expected INTEGER,
  total TEXT,
  low REAL not null,
  high REAL not null,
  first REAL not null,
  last REAL not null,
  delta TEXT,
  unallocated TEXT,
  primary key (series_id, tier, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_mark (
  source_id INTEGER not null,
  day INTEGER not null,
  from_at INTEGER not null,
  to_at INTEGER not null,
  version INTEGER not null, is_changed INTEGER not null default 1,
  primary key (source_id, day),
  check (from_at <= to_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_source (
  source_id INTEGER not null primary key,
  seen_to INTEGER not null
) STRICT, WITHOUT ROWID;

CREATE TABLE sample (
  source_id INTEGER not null,
  at INTEGER not null,
  vals TEXT not null,
  flags TEXT,
  primary key (source_id, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE sample_archive (
  source_id INTEGER not null,
  from_at INTEGER not null,
  to_at INTEGER not null,
  samples INTEGER not null check (samples between 1 and 960),
  step INTEGER not null check (step > 0),
  width INTEGER not null check (width between 0 and 6),
  units BLOB,
  primary key (source_id, from_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE sample_archive_column (
  id INTEGER primary key,
  source_id INTEGER not null,
  from_at INTEGER not null,
  ordinal INTEGER not null check (ordinal >= 0),
  base INTEGER not null,
  scale INTEGER not null check (scale > 0),
  width INTEGER not null check (width between 0 and 6),
  cells BLOB,
  texts TEXT,
  flags TEXT,
  unique (source_id, from_at, ordinal)
) STRICT;

CREATE TABLE sample_place (n INTEGER primary key) STRICT;

CREATE TABLE schema_migration (
  module TEXT not null,
  number INTEGER not null,
  name TEXT not null,
  checksum TEXT not null,
  applied_at INTEGER not null,
  primary key (module, number)
) STRICT;

CREATE TABLE schema_serves (
  only_row INTEGER not null primary key check (only_row = 1),
  oldest TEXT not null
) STRICT;

CREATE TABLE secret (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_kind TEXT not null check (owner_kind in ('device')),
  owner TEXT not null,
  name TEXT not null,
  payload TEXT not null,
  key_id TEXT not null,
  changed_at INTEGER not null,
  changed_by TEXT not null
) STRICT;

CREATE INDEX secret_key on secret (key_id);

CREATE UNIQUE INDEX secret_name on secret (owner_kind, owner, name);

CREATE TABLE security_revision (
  one INTEGER not null primary key check (one = 1),
  revision INTEGER not null
) STRICT;

CREATE TABLE series (
  id INTEGER not null primary key,
  source_id INTEGER not null references source (id),
  ordinal INTEGER not null check (ordinal >= 0),
  name TEXT not null,
  unit TEXT not null,
  kind TEXT not null check (kind in ('gauge', 'counter', 'energy', 'state')),
  retired_at INTEGER, modulus REAL, interval_us INTEGER,
  unique (source_id, ordinal)
) STRICT;

CREATE INDEX series_by_name on series (name);

CREATE UNIQUE INDEX series_name on series (name) where retired_at is null;

CREATE TABLE source (
  id INTEGER not null primary key,
  kind TEXT not null check (kind in ('poll_group', 'meter')),
  name TEXT not null,
  created_at INTEGER not null
) STRICT;

CREATE UNIQUE INDEX source_meter on source (name) where kind = 'meter';

CREATE TABLE user_account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT not null,
  role TEXT not null check (role in ('admin', 'operator', 'viewer', 'ingest')),
  password TEXT not null,
  created_at INTEGER not null,
  created_by TEXT not null,
  changed_at INTEGER not null
) STRICT;

CREATE UNIQUE INDEX user_account_name on user_account (name);
