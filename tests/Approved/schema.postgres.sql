table api_token
  id bigint not null identity d
  name text not null
  prefix text not null
  hash text not null
  role text not null
  topics text
  devices text
  user_name text
  created_at timestamp with time zone not null
  created_by text not null
  expires_at timestamp with time zone
  revoked_at timestamp with time zone
  last_used_at timestamp with time zone
  api_token_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'operator'::text, 'viewer'::text, 'ingest'::text])))
  api_token_pkey PRIMARY KEY (id)
  CREATE INDEX api_token_created_by ON public.api_token USING btree (created_by) WHERE (revoked_at IS NULL)
  CREATE UNIQUE INDEX api_token_name ON public.api_token USING btree (name) WHERE (revoked_at IS NULL)
  CREATE UNIQUE INDEX api_token_prefix ON public.api_token USING btree (prefix)
  CREATE INDEX api_token_user ON public.api_token USING btree (user_name) WHERE (user_name IS NOT NULL)

sequence api_token_id_seq

table audit_head
  one integer not null
  identity text
  key_id text
  last_no bigint not null
  last_seal text not null
  audit_head_one_check CHECK ((one = 1))
  audit_head_pkey PRIMARY KEY (one)

table audit_log
  no bigint not null
  uid text not null
  at timestamp with time zone not null
  actor_kind text not null
  actor_name text not null
  actor_from text not null
  action text not null
  subject text not null
  before_json text
  after_json text
  key_id text not null
  proof text not null
  seal text not null
  correlation_id text
  trace_id text
  audit_log_pkey PRIMARY KEY (no)
  CREATE INDEX audit_log_correlation ON public.audit_log USING btree (correlation_id, no) WHERE (correlation_id IS NOT NULL)
  CREATE INDEX audit_log_trace ON public.audit_log USING btree (trace_id, no) WHERE (trace_id IS NOT NULL)
  CREATE UNIQUE INDEX audit_log_uid ON public.audit_log USING btree (uid)

table audit_waiting
  id bigint not null identity d
  uid text not null
  at timestamp with time zone not null
  actor_kind text not null
  actor_name text not null
  actor_from text not null
  action text not null
  subject text not null
  before_json text
  after_json text
  key_id text not null
  proof text not null
  correlation_id text
  trace_id text
  audit_waiting_pkey PRIMARY KEY (id)
  CREATE INDEX audit_waiting_correlation ON public.audit_waiting USING btree (correlation_id, id) WHERE (correlation_id IS NOT NULL)
  CREATE INDEX audit_waiting_trace ON public.audit_waiting USING btree (trace_id, id) WHERE (trace_id IS NOT NULL)

sequence audit_waiting_id_seq

table device
  id bigint not null
  endpoint_id bigint not null
  name text not null
  address text not null
  settings text not null
  category text not null
  tags text not null
  parent text
  enabled boolean not null
  stopped boolean not null default false
  status text not null
  status_at timestamp with time zone not null
  failures integer not null default 0
  breaker_until timestamp with time zone
  created_at timestamp with time zone not null
  removed_at timestamp with time zone
  revision bigint not null
  device_status_check CHECK ((status = ANY (ARRAY['unknown'::text, 'online'::text, 'degraded'::text, 'offline'::text, 'paused'::text])))
  device_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES endpoint(id)
  device_pkey PRIMARY KEY (id)
  CREATE INDEX device_endpoint ON public.device USING btree (endpoint_id)
  CREATE UNIQUE INDEX device_name ON public.device USING btree (name) WHERE (removed_at IS NULL)
  CREATE INDEX device_revision ON public.device USING btree (revision)

table endpoint
  id bigint not null
  driver text not null
  address text not null
  settings text not null
  owner text
  lease_no bigint not null default 0
  claimed_at timestamp with time zone
  endpoint_pkey PRIMARY KEY (id)
  endpoint_driver_address_key UNIQUE (driver, address)

table import
  id bigint not null identity d
  state text not null
  hash text not null
  file text not null
  bytes bigint not null
  profile text not null
  profile_text text not null
  unknown_meters text not null
  max_rejects bigint
  priority text not null
  tags text
  note text
  metadata text
  max_retries integer not null
  retry_count integer not null default 0
  retry_at timestamp with time zone
  last_error text
  job_id bigint
  created_at timestamp with time zone not null
  started_at timestamp with time zone
  progress_at timestamp with time zone
  finished_at timestamp with time zone
  units bigint not null default 0
  bytes_read bigint not null default 0
  value_count bigint not null default 0
  inserted bigint not null default 0
  replaced bigint not null default 0
  kept bigint not null default 0
  same bigint not null default 0
  skipped bigint not null default 0
  missing bigint not null default 0
  rejected bigint not null default 0
  header text
  warnings text
  undo_job_id bigint
  undone_at timestamp with time zone
  undo_deleted bigint not null default 0
  undo_restored bigint not null default 0
  undo_kept bigint not null default 0
  alert_sent boolean not null default false
  alert_sent_at timestamp with time zone
  rows_per_s double precision
  webhook text
  webhook_job_id bigint
  meter text
  rejected_ahead bigint not null default 0
  import_priority_check CHECK ((priority = ANY (ARRAY['low'::text, 'normal'::text, 'high'::text])))
  import_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'dead'::text, 'cancelled'::text])))
  import_unknown_meters_check CHECK ((unknown_meters = ANY (ARRAY['create'::text, 'refuse'::text, 'skip'::text])))
  import_pkey PRIMARY KEY (id)
  CREATE INDEX import_finished ON public.import USING btree (finished_at)
  CREATE UNIQUE INDEX import_once ON public.import USING btree (hash, COALESCE(meter, ''::text)) WHERE ((undone_at IS NULL) AND (state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text])))
  CREATE INDEX import_state ON public.import USING btree (state, id)

table import_correction
  series_id bigint not null
  at timestamp with time zone not null
  import_id bigint not null
  former_import bigint
  old_value double precision not null
  old_mark text not null
  corrected_at timestamp with time zone not null
  new_value double precision
  new_mark text
  import_correction_pkey PRIMARY KEY (series_id, at, import_id)
  CREATE INDEX import_correction_import ON public.import_correction USING btree (import_id, series_id, at)

table import_error
  import_id bigint not null
  no bigint not null
  at timestamp with time zone not null
  error text not null
  is_permanent boolean not null
  import_error_pkey PRIMARY KEY (import_id, no)

table import_head
  no integer not null
  vault text not null
  summary_at timestamp with time zone
  import_head_no_check CHECK ((no = 1))
  import_head_pkey PRIMARY KEY (no)

sequence import_id_seq

table import_reject
  import_id bigint not null
  no bigint not null
  line bigint not null
  field text not null
  value text not null
  reason text not null
  raw text not null
  context text
  import_reject_pkey PRIMARY KEY (import_id, no)

table import_run
  series_id bigint not null
  from_us bigint not null
  until_us bigint not null
  step_us bigint not null
  import_id bigint not null
  import_run_step_us_check CHECK ((step_us > 0))
  import_run_pkey PRIMARY KEY (series_id, from_us, import_id)
  CREATE INDEX import_run_import ON public.import_run USING btree (import_id)

table import_source_file
  source text not null
  name text not null
  version text not null
  import_id bigint
  seen_at timestamp with time zone not null
  import_source_file_pkey PRIMARY KEY (source, name)

view job
  id bigint
  state text
  queue text
  kind text
  priority integer
  due timestamp with time zone
  attempts integer
  max_attempts integer
  lease_no integer
  crashes integer
  enqueued_at timestamp with time zone
  args text
  tags text
  note text
  metadata text
  unique_key text
  concurrency_key text
  node text
  started_at timestamp with time zone
  finished_at timestamp with time zone
  error text
  batch_id bigint
  waits_for bigint
  waits_on text
 SELECT job_ready.id,
    'ready'::text AS state,
    job_ready.queue,
    job_ready.kind,
    job_ready.priority,
    job_ready.due,
    job_ready.attempts,
    job_ready.max_attempts,
    job_ready.lease_no,
    job_ready.crashes,
    job_ready.enqueued_at,
    job_ready.args,
    job_ready.tags,
    job_ready.note,
    job_ready.metadata,
    job_ready.unique_key,
    job_ready.concurrency_key,
    NULL::text AS node,
    NULL::timestamp with time zone AS started_at,
    NULL::timestamp with time zone AS finished_at,
    NULL::text AS error,
    job_ready.batch_id,
    NULL::bigint AS waits_for,
    NULL::text AS waits_on
   FROM job_ready
UNION ALL
 SELECT job_running.id,
    'running'::text AS state,
    job_running.queue,
    job_running.kind,
    job_running.priority,
    job_running.due,
    job_running.attempts,
    job_running.max_attempts,
    job_running.lease_no,
    job_running.crashes,
    job_running.enqueued_at,
    job_running.args,
    job_running.tags,
    job_running.note,
    job_running.metadata,
    job_running.unique_key,
    job_running.concurrency_key,
    job_running.node,
    job_running.started_at,
    NULL::timestamp with time zone AS finished_at,
    NULL::text AS error,
    job_running.batch_id,
    NULL::bigint AS waits_for,
    NULL::text AS waits_on
   FROM job_running
UNION ALL
 SELECT job_waiting.id,
    job_waiting.state,
    job_waiting.queue,
    job_waiting.kind,
    job_waiting.priority,
    job_waiting.due,
    job_waiting.attempts,
    job_waiting.max_attempts,
    job_waiting.lease_no,
    job_waiting.crashes,
    job_waiting.enqueued_at,
    job_waiting.args,
    job_waiting.tags,
    job_waiting.note,
    job_waiting.metadata,
    job_waiting.unique_key,
    job_waiting.concurrency_key,
    NULL::text AS node,
    NULL::timestamp with time zone AS started_at,
    NULL::timestamp with time zone AS finished_at,
    NULL::text AS error,
    job_waiting.batch_id,
    job_waiting.waits_for,
    job_waiting.waits_on
   FROM job_waiting
UNION ALL
 SELECT job_history.id,
    job_history.state,
    job_history.queue,
    job_history.kind,
    job_history.priority,
    job_history.due,
    job_history.attempts,
    job_history.max_attempts,
    job_history.lease_no,
    job_history.crashes,
    job_history.enqueued_at,
    job_history.args,
    job_history.tags,
    job_history.note,
    job_history.metadata,
    job_history.unique_key,
    job_history.concurrency_key,
    job_history.node,
    job_history.started_at,
    job_history.finished_at,
    job_history.error,
    job_history.batch_id,
    NULL::bigint AS waits_for,
    NULL::text AS waits_on
   FROM job_history;

table job_accepted
  at timestamp with time zone not null
  kind text not null
  first_id bigint not null
  last_id bigint not null
  n integer not null
  CREATE INDEX job_accepted_at ON public.job_accepted USING brin (at)

table job_balance
  id integer not null
  since timestamp with time zone not null
  taken_at timestamp with time zone
  at timestamp with time zone
  wide_at timestamp with time zone
  bad_from timestamp with time zone
  report text
  job_balance_id_check CHECK ((id = 1))
  job_balance_pkey PRIMARY KEY (id)

table job_batch
  id bigint not null identity d
  name text not null
  total integer not null default 0
  is_sealed boolean not null default false
  created_at timestamp with time zone not null
  cancelled_at timestamp with time zone
  callback_job_id bigint
  finished_at timestamp with time zone
  done integer
  dead integer
  cancelled integer
  job_batch_check CHECK (((finished_at IS NULL) OR is_sealed))
  job_batch_check1 CHECK ((((finished_at IS NULL) = (done IS NULL)) AND ((done IS NULL) = (dead IS NULL)) AND ((done IS NULL) = (cancelled IS NULL))))
  job_batch_pkey PRIMARY KEY (id)
  CREATE INDEX job_batch_finished ON public.job_batch USING btree (finished_at) WHERE (finished_at IS NOT NULL)
  CREATE INDEX job_batch_open ON public.job_batch USING btree (id) WHERE (is_sealed AND (finished_at IS NULL))

sequence job_batch_id_seq

table job_cancel
  job_id bigint not null
  at timestamp with time zone not null
  reason text not null
  job_cancel_pkey PRIMARY KEY (job_id)

table job_failure
  job_id bigint not null
  attempt integer not null
  lease_no integer not null
  node text not null
  outcome text not null
  started_at timestamp with time zone
  ended_at timestamp with time zone not null
  error text not null
  forget_at timestamp with time zone not null
  job_failure_outcome_check CHECK ((outcome = ANY (ARRAY['retry'::text, 'snooze'::text, 'dead'::text, 'cancelled'::text, 'crashed'::text, 'released'::text])))
  CREATE INDEX job_failure_forget ON public.job_failure USING btree (forget_at)
  CREATE INDEX job_failure_job ON public.job_failure USING btree (job_id)

table job_history partition by RANGE (forget_at)
  id bigint not null
  state text not null
  queue text not null
  kind text not null
  priority integer not null
  due timestamp with time zone not null
  attempts integer not null
  max_attempts integer not null
  lease_no integer not null
  crashes integer not null
  enqueued_at timestamp with time zone not null
  args text not null
  tags text
  note text
  metadata text
  unique_key text
  concurrency_key text
  concurrency_limit integer
  node text
  started_at timestamp with time zone
  finished_at timestamp with time zone not null
  forget_at timestamp with time zone not null
  error text
  batch_id bigint
  is_awaited boolean not null default false
  job_history_state_check CHECK ((state = ANY (ARRAY['done'::text, 'cancelled'::text, 'dead'::text])))
  CREATE INDEX job_history_awaited ON ONLY public.job_history USING btree (id) WHERE is_awaited
  CREATE INDEX job_history_batch ON ONLY public.job_history USING btree (batch_id, state) WHERE (batch_id IS NOT NULL)
  CREATE INDEX job_history_finished ON ONLY public.job_history USING brin (finished_at)
  CREATE INDEX job_history_id ON ONLY public.job_history USING btree (id)

sequence job_id

table job_log
  job_id bigint not null
  lease_no integer not null
  line integer not null
  attempt integer not null
  at timestamp with time zone not null
  level text not null
  text text not null
  job_log_pkey PRIMARY KEY (job_id, lease_no, line)

table job_owed
  job_id bigint not null
  kind text not null
  at timestamp with time zone not null
  is_missing boolean not null default false
  job_owed_pkey PRIMARY KEY (job_id)

table job_progress
  job_id bigint not null
  lease_no integer not null
  done bigint not null
  total bigint
  note text
  at timestamp with time zone not null
  job_progress_pkey PRIMARY KEY (job_id)

table job_queue
  name text not null
  workers integer
  is_paused boolean not null default false
  changed_at timestamp with time zone not null
  job_queue_pkey PRIMARY KEY (name)

table job_ready
  id bigint not null
  queue text not null
  kind text not null
  priority integer not null
  rank bigint not null
  due timestamp with time zone not null
  attempts integer not null
  max_attempts integer not null
  lease_no integer not null
  crashes integer not null
  enqueued_at timestamp with time zone not null
  args text not null
  tags text
  note text
  metadata text
  unique_key text
  concurrency_key text
  concurrency_limit integer
  batch_id bigint
  is_awaited boolean not null default false
  job_ready_max_attempts_check CHECK ((max_attempts > 0))
  job_ready_pkey PRIMARY KEY (id)
  CREATE INDEX job_ready_batch ON public.job_ready USING btree (batch_id, id) WHERE (batch_id IS NOT NULL)
  CREATE INDEX job_ready_claim ON public.job_ready USING btree (queue, rank) WHERE (crashes < 2)
  CREATE INDEX job_ready_suspect ON public.job_ready USING btree (id) WHERE (crashes >= 2)

table job_running
  id bigint not null
  queue text not null
  kind text not null
  priority integer not null
  rank bigint not null
  due timestamp with time zone not null
  attempts integer not null
  max_attempts integer not null
  lease_no integer not null
  crashes integer not null
  enqueued_at timestamp with time zone not null
  args text not null
  tags text
  note text
  metadata text
  unique_key text
  concurrency_key text
  concurrency_limit integer
  node text not null
  claimed_at timestamp with time zone not null
  started_at timestamp with time zone
  is_alone boolean not null
  batch_id bigint
  is_awaited boolean not null default false
  job_running_pkey PRIMARY KEY (id)
  CREATE INDEX job_running_batch ON public.job_running USING btree (batch_id, id) WHERE (batch_id IS NOT NULL)
  CREATE INDEX job_running_node ON public.job_running USING btree (node)

table job_schedule
  id bigint not null identity d
  name text not null
  source text not null
  undefined_at timestamp with time zone
  kind text not null
  args text not null
  cron text
  zone text
  every text
  anchor timestamp with time zone not null
  missed text not null
  overlap text not null
  queue text
  priority integer
  attempts integer
  tags text
  note text
  metadata text
  unique_key text
  is_paused boolean not null default false
  next_due timestamp with time zone
  plan_since timestamp with time zone not null
  ledger_from timestamp with time zone not null
  revision integer not null
  created_at timestamp with time zone not null
  changed_at timestamp with time zone not null
  job_schedule_check CHECK (((cron IS NULL) <> (every IS NULL)))
  job_schedule_check1 CHECK (((cron IS NULL) = (zone IS NULL)))
  job_schedule_missed_check CHECK (((missed = ANY (ARRAY['skip'::text, 'once'::text])) OR (missed ~~ 'all:%'::text) OR (missed ~~ 'within:%'::text)))
  job_schedule_overlap_check CHECK ((overlap = ANY (ARRAY['skip'::text, 'allow'::text, 'queue'::text, 'cancel'::text])))
  job_schedule_pkey PRIMARY KEY (id)
  job_schedule_name_key UNIQUE (name)
  CREATE INDEX job_schedule_due ON public.job_schedule USING btree (next_due)

sequence job_schedule_id_seq

table job_schedule_job
  schedule_id bigint not null
  job_id bigint not null
  job_schedule_job_pkey PRIMARY KEY (schedule_id, job_id)

table job_schedule_plan
  schedule_id bigint not null
  since timestamp with time zone not null
  cron text
  zone text
  every text
  anchor timestamp with time zone not null
  job_schedule_plan_pkey PRIMARY KEY (schedule_id, since)

table job_slot
  key text not null
  n integer not null
  job_id bigint not null
  job_slot_pkey PRIMARY KEY (key, n)
  CREATE UNIQUE INDEX job_slot_job ON public.job_slot USING btree (job_id)

table job_tick
  schedule_id bigint not null
  due timestamp with time zone not null
  until_due timestamp with time zone not null
  ticks bigint not null
  outcome text not null
  reason text
  job_id bigint
  error text
  at timestamp with time zone not null
  job_tick_check CHECK (((outcome = 'skipped'::text) = (reason IS NOT NULL)))
  job_tick_check1 CHECK (((outcome <> 'enqueued'::text) OR (job_id IS NOT NULL)))
  job_tick_check2 CHECK (((ticks = 1) OR (outcome = 'skipped'::text)))
  job_tick_check3 CHECK (((ticks = 1) = (until_due = due)))
  job_tick_outcome_check CHECK ((outcome = ANY (ARRAY['enqueued'::text, 'queued'::text, 'skipped'::text])))
  job_tick_reason_check CHECK ((reason = ANY (ARRAY['missed'::text, 'paused'::text, 'overlap'::text, 'superseded'::text, 'queue_full'::text, 'unique'::text, 'refused'::text])))
  job_tick_ticks_check CHECK ((ticks > 0))
  job_tick_pkey PRIMARY KEY (schedule_id, due)
  CREATE INDEX job_tick_queued ON public.job_tick USING btree (schedule_id, due) WHERE (outcome = 'queued'::text)

table job_trace
  job_id bigint not null
  correlation_id text not null
  trace_id text not null
  at timestamp with time zone not null
  job_trace_pkey PRIMARY KEY (job_id)
  CREATE INDEX job_trace_at ON public.job_trace USING btree (at)
  CREATE INDEX job_trace_correlation ON public.job_trace USING btree (correlation_id, job_id)
  CREATE INDEX job_trace_trace ON public.job_trace USING btree (trace_id, job_id)

table job_unique
  key text not null
  job_id bigint not null
  job_unique_pkey PRIMARY KEY (key)
  CREATE INDEX job_unique_job ON public.job_unique USING btree (job_id)

table job_unique_period
  key text not null
  job_id bigint not null
  until timestamp with time zone not null
  job_unique_period_pkey PRIMARY KEY (key)
  CREATE INDEX job_unique_period_until ON public.job_unique_period USING btree (until)

table job_waiting
  id bigint not null
  state text not null
  queue text not null
  kind text not null
  priority integer not null
  rank bigint not null
  due timestamp with time zone not null
  attempts integer not null
  max_attempts integer not null
  lease_no integer not null
  crashes integer not null
  enqueued_at timestamp with time zone not null
  args text not null
  tags text
  note text
  metadata text
  unique_key text
  concurrency_key text
  concurrency_limit integer
  is_knocking boolean not null default false
  batch_id bigint
  is_awaited boolean not null default false
  waits_for bigint
  waits_on text
  job_waiting_blocked CHECK (((waits_for IS NULL) OR (state = 'blocked'::text)))
  job_waiting_on CHECK ((((waits_for IS NULL) = (waits_on IS NULL)) AND ((waits_on IS NULL) OR (waits_on = ANY (ARRAY['job'::text, 'batch'::text])))))
  job_waiting_reason CHECK (((state = 'scheduled'::text) OR (concurrency_key IS NOT NULL) OR (waits_for IS NOT NULL)))
  job_waiting_state_check CHECK ((state = ANY (ARRAY['scheduled'::text, 'blocked'::text])))
  job_waiting_pkey PRIMARY KEY (id)
  CREATE INDEX job_waiting_batch ON public.job_waiting USING btree (batch_id, id) WHERE (batch_id IS NOT NULL)
  CREATE INDEX job_waiting_due ON public.job_waiting USING btree (due) WHERE (state = 'scheduled'::text)
  CREATE INDEX job_waiting_for ON public.job_waiting USING btree (waits_for, id) WHERE (waits_for IS NOT NULL)
  CREATE INDEX job_waiting_key ON public.job_waiting USING btree (concurrency_key, rank) WHERE ((state = 'blocked'::text) AND (waits_for IS NULL))
  CREATE INDEX job_waiting_knock ON public.job_waiting USING btree (id) WHERE is_knocking
  CREATE INDEX job_waiting_knock_key ON public.job_waiting USING btree (concurrency_key) WHERE (is_knocking AND (waits_for IS NULL))

table live_event
  id bigint not null
  stamp integer not null
  name text not null
  topic text not null
  also_on text
  at timestamp with time zone not null
  logged_at timestamp with time zone not null
  data text not null
  correlation_id text
  trace_id text
  not_for text
  live_event_pkey PRIMARY KEY (id)
  CREATE INDEX live_event_correlation ON public.live_event USING btree (correlation_id, id) WHERE (correlation_id IS NOT NULL)
  CREATE INDEX live_event_trace ON public.live_event USING btree (trace_id, id) WHERE (trace_id IS NOT NULL)

table live_head
  only_row integer not null
  epoch text not null
  last bigint not null
  live_head_only_row_check CHECK ((only_row = 1))
  live_head_pkey PRIMARY KEY (only_row)

table live_outbox
  id bigint not null identity d
  name text not null
  topic text not null
  also_on text
  at timestamp with time zone not null
  data text not null
  correlation_id text
  trace_id text
  not_for text
  live_outbox_pkey PRIMARY KEY (id)

sequence live_outbox_id_seq

table live_ticket
  hash text not null
  handle text not null
  expires_at timestamp with time zone not null
  live_ticket_pkey PRIMARY KEY (hash)
  CREATE INDEX live_ticket_expires ON public.live_ticket USING btree (expires_at)
  CREATE INDEX live_ticket_handle ON public.live_ticket USING btree (handle)

table meter_swap
  series_id bigint not null
  at timestamp with time zone not null
  old_end double precision
  new_start double precision
  declared_at timestamp with time zone not null
  meter_swap_pkey PRIMARY KEY (series_id, at)

table node
  id text not null
  host text not null
  place text not null
  pid integer not null
  pid_started bigint not null
  roles text not null
  version text not null
  state text not null
  started_at timestamp with time zone not null
  ended_at timestamp with time zone
  seen_revision bigint not null default 0
  takes_work boolean not null default true
  is_draining boolean not null default false
  session text not null default ''::text
  node_state_check CHECK ((state = ANY (ARRAY['live'::text, 'dead'::text])))
  node_pkey PRIMARY KEY (id)
  CREATE INDEX node_live ON public.node USING btree (id) WHERE (state = 'live'::text)

table node_lease
  id text not null
  expires_at timestamp with time zone not null
  clock_offset_us bigint not null default 0
  progress_at timestamp with time zone
  node_lease_id_fkey FOREIGN KEY (id) REFERENCES node(id) ON DELETE CASCADE
  node_lease_pkey PRIMARY KEY (id)

table point
  id bigint not null
  group_id bigint not null
  series_id bigint not null
  ordinal integer not null
  position integer not null
  name text not null
  unit text not null
  kind text not null
  settings text not null
  removed_at timestamp with time zone
  point_group_id_fkey FOREIGN KEY (group_id) REFERENCES poll_group(id)
  point_series_id_fkey FOREIGN KEY (series_id) REFERENCES series(id)
  point_pkey PRIMARY KEY (id)
  CREATE INDEX point_group ON public.point USING btree (group_id)
  CREATE INDEX point_name ON public.point USING btree (name) WHERE (removed_at IS NULL)

table poll partition by RANGE (slot)
  slot timestamp with time zone not null
  group_id bigint not null
  plan_no integer not null
  slots integer not null
  outcome text not null
  reason text
  lateness_us bigint
  duration_us bigint
  detail text
  lease_no bigint not null
  poll_check CHECK (((outcome = 'missed'::text) OR (slots = 1)))
  poll_check1 CHECK (((outcome = 'ok'::text) = (reason IS NULL)))
  poll_outcome_check CHECK ((outcome = ANY (ARRAY['ok'::text, 'partial'::text, 'failed'::text, 'missed'::text])))
  poll_slots_check CHECK ((slots > 0))
  poll_pkey PRIMARY KEY (slot, group_id)
  CREATE INDEX poll_gap ON ONLY public.poll USING btree (slot, group_id) WHERE (slots > 1)

table poll_group
  id bigint not null
  device_id bigint not null
  source_id bigint not null
  name text not null
  position integer not null
  interval_us bigint not null
  phase_us bigint not null
  align boolean not null
  timeout_us bigint
  max_lateness_us bigint
  enabled boolean not null
  removed_at timestamp with time zone
  accounted_to timestamp with time zone not null
  last_ok_at timestamp with time zone
  last_error text
  last_error_at timestamp with time zone
  poll_group_interval_us_check CHECK ((interval_us >= 100000))
  poll_group_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id)
  poll_group_source_id_fkey FOREIGN KEY (source_id) REFERENCES source(id)
  poll_group_pkey PRIMARY KEY (id)
  CREATE INDEX poll_group_device ON public.poll_group USING btree (device_id)
  CREATE UNIQUE INDEX poll_group_name ON public.poll_group USING btree (device_id, name) WHERE (removed_at IS NULL)
  CREATE INDEX poll_group_source ON public.poll_group USING btree (source_id)

table poll_plan
  group_id bigint not null
  no integer not null
  from_at timestamp with time zone not null
  until_at timestamp with time zone
  interval_us bigint not null
  phase_us bigint not null
  endpoint_id bigint
  poll_plan_check CHECK (((until_at IS NULL) OR (until_at >= from_at)))
  poll_plan_group_id_fkey FOREIGN KEY (group_id) REFERENCES poll_group(id)
  poll_plan_pkey PRIMARY KEY (group_id, no)
  CREATE UNIQUE INDEX poll_plan_open ON public.poll_plan USING btree (group_id) WHERE (until_at IS NULL)

table poll_request
  id text not null
  device_id bigint not null
  asked_at timestamp with time zone not null
  node text
  done_at timestamp with time zone
  answer text
  poll_request_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id)
  poll_request_pkey PRIMARY KEY (id)
  CREATE INDEX poll_request_open ON public.poll_request USING btree (asked_at) WHERE (done_at IS NULL)

table poll_stat
  group_id bigint not null
  hour timestamp with time zone not null
  ok bigint not null
  part bigint not null
  failed bigint not null
  missed bigint not null
  lateness text not null
  duration text not null
  poll_stat_pkey PRIMARY KEY (group_id, hour)

table polling_state
  only_row integer not null
  revision bigint not null
  last_id bigint not null
  enabled boolean not null
  polling_state_only_row_check CHECK ((only_row = 1))
  polling_state_pkey PRIMARY KEY (only_row)

view queue_depth
  queue text
  ready bigint
  running bigint
  scheduled bigint
  blocked bigint
  oldest_ready_due timestamp with time zone
 SELECT each.queue,
    sum(each.ready) AS ready,
    sum(each.running) AS running,
    sum(each.scheduled) AS scheduled,
    sum(each.blocked) AS blocked,
    min(each.oldest) AS oldest_ready_due
   FROM ( SELECT job_ready.queue,
            1 AS ready,
            0 AS running,
            0 AS scheduled,
            0 AS blocked,
            job_ready.due AS oldest
           FROM job_ready
        UNION ALL
         SELECT job_running.queue,
            0,
            1,
            0,
            0,
            NULL::timestamp with time zone AS timestamptz
           FROM job_running
        UNION ALL
         SELECT job_waiting.queue,
            0,
            0,
                CASE
                    WHEN (job_waiting.state = 'scheduled'::text) THEN 1
                    ELSE 0
                END AS "case",
                CASE
                    WHEN (job_waiting.state = 'blocked'::text) THEN 1
                    ELSE 0
                END AS "case",
            NULL::timestamp with time zone AS timestamptz
           FROM job_waiting) each
  GROUP BY each.queue;

view reading
  series text
  at timestamp with time zone
  value double precision
  quality text
  unit text
  time timestamp with time zone
 SELECT s.name AS series,
    p.at,
    p.vals[(s.ordinal + 1)] AS value,
        CASE
            WHEN (p.flags IS NULL) THEN 'good'::text
            WHEN (substr(p.flags, (s.ordinal + 1), 1) = ANY (ARRAY[''::text, '.'::text])) THEN 'good'::text
            ELSE 'suspect'::text
        END AS quality,
    s.unit,
    p.at AS "time"
   FROM (series s
     JOIN sample p ON ((p.source_id = s.source_id)))
  WHERE (p.vals[(s.ordinal + 1)] IS NOT NULL);

table reading_duplicate
  source_id bigint not null
  ordinal integer not null
  day timestamp with time zone not null
  count bigint not null
  reading_duplicate_pkey PRIMARY KEY (source_id, ordinal, day)

table reading_finding
  day timestamp with time zone not null
  series_id bigint not null
  expected bigint
  present integer not null
  gaps integer not null
  suspect integer not null
  outliers integer not null
  stuck integer not null
  negative integer not null
  duplicates bigint not null
  found_at timestamp with time zone not null
  reading_finding_pkey PRIMARY KEY (day, series_id)
  CREATE INDEX reading_finding_found ON public.reading_finding USING btree (found_at)

table reading_kept
  class text not null
  tier integer not null
  from_at timestamp with time zone not null
  reading_kept_class_check CHECK ((class = ANY (ARRAY['polled'::text, 'imported'::text])))
  reading_kept_tier_check CHECK (((tier >= 0) AND (tier <= 6)))
  reading_kept_pkey PRIMARY KEY (class, tier)

table reading_late_day
  source_id bigint not null
  day timestamp with time zone not null
  version bigint not null
  reading_late_day_pkey PRIMARY KEY (source_id, day)

view reading_rollup
  series text
  tier text
  at timestamp with time zone
  readings integer
  expected integer
  suspect integer
  average double precision
  total numeric
  low double precision
  high double precision
  first double precision
  last double precision
  delta numeric
  unallocated numeric
  unit text
  time timestamp with time zone
 SELECT s.name AS series,
        CASE r.tier
            WHEN 1 THEN '15m'::text
            WHEN 2 THEN '1h'::text
            WHEN 3 THEN '1d'::text
            WHEN 4 THEN '1w'::text
            WHEN 5 THEN '1mo'::text
            ELSE '1y'::text
        END AS tier,
    r.at,
    r.readings,
    r.expected,
    r.suspect,
    ((r.total / (NULLIF(r.readings, 0))::numeric))::double precision AS average,
    r.total,
    r.low,
    r.high,
    r.first,
    r.last,
        CASE s.kind
            WHEN 'energy'::text THEN r.total
            ELSE r.delta
        END AS delta,
    r.unallocated,
    s.unit,
    r.at AS "time"
   FROM (series s
     JOIN rollup r ON ((r.series_id = s.id)));

table readings_state
  only_row integer not null
  last_id bigint not null
  raw_from timestamp with time zone
  zone text
  marked_to bigint
  judged_to timestamp with time zone
  judging timestamp with time zone
  readings_state_only_row_check CHECK ((only_row = 1))
  readings_state_pkey PRIMARY KEY (only_row)

table rollup
  series_id bigint not null
  tier integer not null
  at timestamp with time zone not null
  readings integer not null
  suspect integer not null
  expected integer
  total numeric
  low double precision not null
  high double precision not null
  first double precision not null
  last double precision not null
  delta numeric
  unallocated numeric
  rollup_tier_check CHECK (((tier >= 1) AND (tier <= 6)))
  rollup_pkey PRIMARY KEY (series_id, tier, at)

table rollup_mark
  source_id bigint not null
  day timestamp with time zone not null
  from_at timestamp with time zone not null
  to_at timestamp with time zone not null
  version bigint not null
  is_changed boolean not null default true
  rollup_mark_check CHECK ((from_at <= to_at))
  rollup_mark_pkey PRIMARY KEY (source_id, day)

table rollup_source
  source_id bigint not null
  seen_to timestamp with time zone not null
  rollup_source_pkey PRIMARY KEY (source_id)

table sample partition by RANGE (at)
  source_id bigint not null
  at timestamp with time zone not null
  vals double precision[] not null
  flags text
  sample_pkey PRIMARY KEY (source_id, at)

table schema_migration
  module text not null
  number integer not null
  name text not null
  checksum text not null
  applied_at timestamp with time zone not null
  schema_migration_pkey PRIMARY KEY (module, number)

table schema_serves
  only_row integer not null
  oldest text not null
  schema_serves_only_row_check CHECK ((only_row = 1))
  schema_serves_pkey PRIMARY KEY (only_row)

table secret
  id bigint not null identity d
  owner_kind text not null
  owner text not null
  name text not null
  payload text not null
  key_id text not null
  changed_at timestamp with time zone not null
  changed_by text not null
  secret_owner_kind_check CHECK ((owner_kind = 'device'::text))
  secret_pkey PRIMARY KEY (id)
  CREATE INDEX secret_key ON public.secret USING btree (key_id)
  CREATE UNIQUE INDEX secret_name ON public.secret USING btree (owner_kind, owner, name)

sequence secret_id_seq

table security_revision
  one integer not null
  revision bigint not null
  security_revision_one_check CHECK ((one = 1))
  security_revision_pkey PRIMARY KEY (one)

table series
  id bigint not null
  source_id bigint not null
  ordinal integer not null
  name text not null
  unit text not null
  kind text not null
  retired_at timestamp with time zone
  modulus double precision
  interval_us bigint
  series_kind_check CHECK ((kind = ANY (ARRAY['gauge'::text, 'counter'::text, 'energy'::text, 'state'::text])))
  series_ordinal_check CHECK ((ordinal >= 0))
  series_source_id_fkey FOREIGN KEY (source_id) REFERENCES source(id)
  series_pkey PRIMARY KEY (id)
  series_source_id_ordinal_key UNIQUE (source_id, ordinal)
  CREATE INDEX series_by_name ON public.series USING btree (name)
  CREATE UNIQUE INDEX series_name ON public.series USING btree (name) WHERE (retired_at IS NULL)

table source
  id bigint not null
  kind text not null
  name text not null
  created_at timestamp with time zone not null
  source_kind_check CHECK ((kind = ANY (ARRAY['poll_group'::text, 'meter'::text])))
  source_pkey PRIMARY KEY (id)
  CREATE UNIQUE INDEX source_meter ON public.source USING btree (name) WHERE (kind = 'meter'::text)

table user_account
  id bigint not null identity d
  name text not null
  role text not null
  password text not null
  created_at timestamp with time zone not null
  created_by text not null
  changed_at timestamp with time zone not null
  user_account_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'operator'::text, 'viewer'::text, 'ingest'::text])))
  user_account_pkey PRIMARY KEY (id)
  CREATE UNIQUE INDEX user_account_name ON public.user_account USING btree (name)

sequence user_account_id_seq
