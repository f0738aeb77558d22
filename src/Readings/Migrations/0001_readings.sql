-- What produces several series together: a poll group, later also a metering point of a file.
create table source (
  id {bigint} not null primary key,
  kind {text} not null check (kind in ('poll_group')),
  name {text} not null,
  created_at {instant} not null
){strict};

-- Ids come from here, one block per change, so that a fleet is written in a few statements.
create table readings_state (
  only_row {int} not null primary key check (only_row = 1),
  last_id {bigint} not null
){strict};

insert into readings_state (only_row, last_id) values (1, 0);

-- An ordinal is the place of the series in its source's samples, and is never reused.
-- A retired series keeps its name, so that history by name goes on when a point moves to another group.
create table series (
  id {bigint} not null primary key,
  source_id {bigint} not null references source (id),
  ordinal {int} not null check (ordinal >= 0),
  name {text} not null,
  unit {text} not null,
  kind {text} not null check (kind in ('gauge', 'counter', 'energy', 'state')),
  retired_at {instant},
  unique (source_id, ordinal)
){strict};

create unique index series_name on series (name) where retired_at is null;
create index series_by_name on series (name);

-- One row holds one instant of all series of a source; null where there is no value: a failure is never a number.
-- flags is null when every value that is there is plainly good.
create table sample (
  source_id {bigint} not null,
  at {instant} not null,
  vals {values} not null,
  flags {text},
  primary key (source_id, at)
){clustered}{by_at};

{only:sqlite}
create view reading as
select s.name as series, p.at as at, cast(json_extract(p.vals, '$[' || s.ordinal || ']') as real) as value,
  case when p.flags is null then 'good' when substr(p.flags, s.ordinal + 1, 1) in ('', '.') then 'good' else 'suspect' end as quality,
  s.unit as unit, strftime('%Y-%m-%dT%H:%M:%fZ', p.at / 1000000.0, 'unixepoch') as time
from series s join sample p on p.source_id = s.source_id
where json_extract(p.vals, '$[' || s.ordinal || ']') is not null;
{end}
{only:postgres}
create view reading as
select s.name as series, p.at as at, p.vals[s.ordinal + 1] as value,
  case when p.flags is null then 'good' when substr(p.flags, s.ordinal + 1, 1) in ('', '.') then 'good' else 'suspect' end as quality,
  s.unit as unit, p.at as time
from series s join sample p on p.source_id = s.source_id
where p.vals[s.ordinal + 1] is not null;
{end}
