-- One row: the name of this log, and the number of its last event. Whoever numbers holds the row until its commit, so the order of numbers is the order of commits.
create table live_head (
  only_row {int} not null primary key check (only_row = 1),
  epoch {text} not null,
  last {bigint} not null
){strict};

insert into live_head (only_row, epoch, last) values (1, {only:postgres}substr(md5(random()::text), 1, 8){end}{only:sqlite}lower(hex(randomblob(4))){end}, 0);

{only:postgres}
-- Events as their transactions leave them: in no order that a reader could rely on. On SQLite there is one writer at a time, and they go into the log at once.
create table live_outbox (
  id {id},
  name {text} not null,
  topic {text} not null,
  also_on {text},
  at {instant} not null,
  data {text} not null
);
{end}

-- The log: kept for a while, so that a client that was away can have what it missed. The stamp is a random number: two logs that diverged (a restore, a failover that lost
-- something) have the same number on different events, and the stamp tells them apart.
create table live_event (
  id {bigint} not null primary key,
  stamp {int} not null,
  name {text} not null,
  topic {text} not null,
  also_on {text},
  at {instant} not null,
  logged_at {instant} not null,
  data {text} not null
){strict};
