-- One row. Every change of configuration takes it first: it orders the writers, counts the revision that nodes watch, and hands out ids.
create table polling_state (
  only_row {int} not null primary key check (only_row = 1),
  revision {bigint} not null,
  last_id {bigint} not null,
  enabled {bool} not null
){strict};

insert into polling_state (only_row, revision, last_id, enabled) values (1, 1, 0, {true});

-- What we connect to. Owned, connected and serialised as one; every write about it matches owner and lease_no.
create table endpoint (
  id {bigint} not null primary key,
  driver {text} not null,
  address {text} not null,
  settings {text} not null,
  owner {text},
  lease_no {bigint} not null default 0,
  claimed_at {instant},
  unique (driver, address)
){strict};

create table device (
  id {bigint} not null primary key,
  endpoint_id {bigint} not null references endpoint (id),
  name {text} not null,
  address {text} not null,
  settings {text} not null,
  category {text} not null,
  tags {text} not null,
  parent {text},
  enabled {bool} not null,
  -- The operator's stop, which a device file does not undo.
  stopped {bool} not null default {false},
  status {text} not null check (status in ('unknown', 'online', 'degraded', 'offline', 'paused')),
  status_at {instant} not null,
  failures {int} not null default 0,
  breaker_until {instant},
  created_at {instant} not null,
  removed_at {instant},
  revision {bigint} not null
){strict};

create unique index device_name on device (name) where removed_at is null;
create index device_endpoint on device (endpoint_id);
create index device_revision on device (revision);

-- An enabled group is its schedule: there is no second list of scheduled work.
create table poll_group (
  id {bigint} not null primary key,
  device_id {bigint} not null references device (id),
  source_id {bigint} not null references source (id),
  name {text} not null,
  position {int} not null,
  interval_us {bigint} not null check (interval_us >= 100000),
  phase_us {bigint} not null,
  align {bool} not null,
  timeout_us {bigint},
  max_lateness_us {bigint},
  enabled {bool} not null,
  removed_at {instant},
  accounted_to {instant} not null,
  last_ok_at {instant},
  last_error {text},
  last_error_at {instant}
){strict};

create index poll_group_device on poll_group (device_id);
create unique index poll_group_name on poll_group (device_id, name) where removed_at is null;

create table point (
  id {bigint} not null primary key,
  group_id {bigint} not null references poll_group (id),
  series_id {bigint} not null references series (id),
  ordinal {int} not null,
  position {int} not null,
  name {text} not null,
  unit {text} not null,
  kind {text} not null,
  settings {text} not null,
  removed_at {instant}
){strict};

create index point_group on point (group_id);

-- The schedule in force from an instant until another; its history is kept as long as the ledger. An ended plan may be empty.
create table poll_plan (
  group_id {bigint} not null references poll_group (id),
  no {int} not null,
  from_at {instant} not null,
  until_at {instant},
  interval_us {bigint} not null,
  phase_us {bigint} not null,
  primary key (group_id, no),
  check (until_at is null or until_at >= from_at)
){clustered};

create unique index poll_plan_open on poll_plan (group_id) where until_at is null;

-- The ledger. Slot first: rows arrive in the order of time and leave in it, so a write touches the end of one tree
-- instead of one page per group. A gap is one row with a count; the slots it covers follow from its plan.
create table poll (
  slot {instant} not null,
  group_id {bigint} not null,
  plan_no {int} not null,
  slots {int} not null check (slots > 0),
  outcome {text} not null check (outcome in ('ok', 'partial', 'failed', 'missed')),
  reason {text},
  lateness_us {bigint},
  duration_us {bigint},
  detail {text},
  lease_no {bigint} not null,
  primary key (slot, group_id),
  check (outcome = 'missed' or slots = 1),
  check ((outcome = 'ok') = (reason is null))
){clustered}{by_slot};

-- Gap rows are few; who looks at a window must find those that began before it.
create index poll_gap on poll (slot, group_id) where slots > 1;

-- Ledger rows folded by group and hour, up to accounted_to and in the transaction that moves it.
create table poll_stat (
  group_id {bigint} not null,
  hour {instant} not null,
  ok {bigint} not null,
  part {bigint} not null,
  failed {bigint} not null,
  missed {bigint} not null,
  lateness {text} not null,
  duration {text} not null,
  primary key (group_id, hour)
){clustered};
