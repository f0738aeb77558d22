-- The audit trail. A change writes its row into audit_waiting, in its own transaction and with the proof that whoever has the key wrote it; the sequencer moves it to audit_log,
-- numbers it and chains it to the one before.
create table audit_head (
  one {int} not null primary key check (one = 1),
  -- Random name of this trail, and by which key it was begun; null until the first change.
  identity {text},
  key_id {text},
  last_no {bigint} not null,
  last_seal {text} not null
){strict};

insert into audit_head (one, last_no, last_seal) values (1, 0, '');

create table audit_waiting (
  id {id},
  uid {text} not null,
  at {instant} not null,
  actor_kind {text} not null,
  actor_name {text} not null,
  actor_from {text} not null,
  action {text} not null,
  subject {text} not null,
  before_json {text},
  after_json {text},
  key_id {text} not null,
  proof {text} not null
){strict};

create table audit_log (
  no {bigint} not null primary key,
  uid {text} not null,
  at {instant} not null,
  actor_kind {text} not null,
  actor_name {text} not null,
  actor_from {text} not null,
  action {text} not null,
  subject {text} not null,
  before_json {text},
  after_json {text},
  key_id {text} not null,
  proof {text} not null,
  seal {text} not null
){strict};

create unique index audit_log_uid on audit_log (uid);
