-- Files that were handed in, and what came of them. The state of a row is what its job was last seen to do; who runs it is the queue's affair.
create table import (
  id {id},
  state {text} not null check (state in ('queued', 'running', 'done', 'failed', 'dead', 'cancelled')),
  hash {text} not null,
  file {text} not null,
  bytes {bigint} not null,
  profile {text} not null,
  profile_text {text} not null,
  unknown_meters {text} not null check (unknown_meters in ('create', 'refuse', 'skip')),
  max_rejects {bigint},
  priority {text} not null check (priority in ('low', 'normal', 'high')),
  tags {text},
  note {text},
  metadata {text},
  max_retries {int} not null,
  retry_count {int} not null default 0,
  retry_at {instant},
  last_error {text},
  job_id {bigint},
  created_at {instant} not null,
  started_at {instant},
  progress_at {instant},
  finished_at {instant},
  -- How far it is: units (rows) of the file whose values are stored. What is before is never stored again.
  units {bigint} not null default 0,
  bytes_read {bigint} not null default 0,
  -- Values: read = inserted + replaced + kept + same + skipped.
  value_count {bigint} not null default 0,
  inserted {bigint} not null default 0,
  replaced {bigint} not null default 0,
  kept {bigint} not null default 0,
  same {bigint} not null default 0,
  skipped {bigint} not null default 0,
  missing {bigint} not null default 0,
  rejected {bigint} not null default 0,
  header {text},
  warnings {text},
  undo_job_id {bigint},
  undone_at {instant},
  undo_deleted {bigint} not null default 0,
  undo_restored {bigint} not null default 0,
  undo_kept {bigint} not null default 0,
  alert_sent {bool} not null default {false},
  alert_sent_at {instant}
){strict};

-- The same file twice is one import, until the first is undone or has come to nothing.
create unique index import_once on import (hash) where undone_at is null and state in ('queued', 'running', 'done', 'failed');
create index import_state on import (state, id);

-- Every attempt that did not end well.
create table import_error (
  import_id {bigint} not null,
  no {bigint} not null,
  at {instant} not null,
  error {text} not null,
  is_permanent {bool} not null,
  primary key (import_id, no)
){clustered};

-- Every row that was not taken, as it stands in the file.
create table import_reject (
  import_id {bigint} not null,
  no {bigint} not null,
  line {bigint} not null,
  field {text} not null,
  value {text} not null,
  reason {text} not null,
  raw {text} not null,
  context {text},
  primary key (import_id, no)
){clustered};

-- Which values an import brought that were not there before: every step_us from from_us to until_us. What it replaced is in import_correction.
create table import_run (
  series_id {bigint} not null,
  from_us {bigint} not null,
  until_us {bigint} not null,
  step_us {bigint} not null check (step_us > 0),
  import_id {bigint} not null,
  primary key (series_id, from_us, import_id)
){clustered};

create index import_run_import on import_run (import_id);

-- Values that were replaced, by what, and whose they were: null for nobody's that is known. A value that was replaced twice has a chain of rows, each of which names the one before it.
create table import_correction (
  series_id {bigint} not null,
  at {instant} not null,
  import_id {bigint} not null,
  former_import {bigint},
  {only:sqlite}old_value REAL not null,{end}{only:postgres}old_value double precision not null,{end}
  old_mark {text} not null,
  corrected_at {instant} not null,
  primary key (series_id, at, import_id)
){clustered};

create index import_correction_import on import_correction (import_id);

-- A metering point is a source of its own; its name is found by every import of every file.
{only:postgres}
alter table source drop constraint source_kind_check;
alter table source add constraint source_kind_check check (kind in ('poll_group', 'meter'));
{end}
{only:sqlite}
-- A check cannot be altered, and a table that others refer to not be made anew within a transaction; a weaker check of a text fits all rows there are (sqlite.org/lang_altertable.html, section 7).
pragma writable_schema = on;
update sqlite_schema set sql = replace(sql, 'kind in (''poll_group'')', 'kind in (''poll_group'', ''meter'')') where type = 'table' and name = 'source';
pragma writable_schema = reset;
{end}
create unique index source_meter on source (name) where kind = 'meter';
