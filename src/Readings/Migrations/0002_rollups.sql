-- What a writer changed and nobody has rolled up since: at most one row for a source and a day (UTC), with the span of instants in it. The version rises whenever a
-- writer comes by: not to be read, but so that the row is written, and whoever takes it waits for the writer (docs/decisions/0032-marks-and-watermarks.md).
create table rollup_mark (
  source_id {bigint} not null,
  day {instant} not null,
  from_at {instant} not null,
  to_at {instant} not null,
  version {bigint} not null,
  primary key (source_id, day),
  check (from_at <= to_at)
){clustered};

-- Where a counter starts over: 65536 for one of 16 bits that counts by one. Null when nobody knows.
alter table series add column modulus {real};

-- Below, samples may have been let go of: what is rolled up there is never replaced by less.
alter table readings_state add column raw_from {instant};

-- The time zone in which hours, days, weeks, months and years are rolled up; null for UTC.
alter table readings_state add column zone {text};

-- While everything is marked because of another zone: the source up to which that is done. Null when it is done.
alter table readings_state add column marked_to {bigint};

-- How far a source is rolled up whose samples come in the order of their instants: what lies behind needs no mark.
create table rollup_source (
  source_id {bigint} not null primary key,
  seen_to {instant} not null
){clustered};

-- The parts of one bucket of one series, of which the parts of coarser buckets are made. Tiers: 1 a quarter of an hour (UTC), 2 hour, 3 day, 4 week, 5 month, 6 year, in the
-- time zone of the site. at is where the bucket begins. total, delta and unallocated are exact decimals; low, high, first and last are values as they were read.
create table rollup (
  series_id {bigint} not null,
  tier {int} not null check (tier between 1 and 6),
  at {instant} not null,
  readings {int} not null,
  suspect {int} not null,
  expected {int},
  total {decimal},
  low {real} not null,
  high {real} not null,
  first {real} not null,
  last {real} not null,
  delta {decimal},
  unallocated {decimal},
  primary key (series_id, tier, at)
){clustered};

{only:sqlite}
create view reading_rollup as
select s.name as series, case r.tier when 1 then '15m' when 2 then '1h' when 3 then '1d' when 4 then '1w' when 5 then '1mo' else '1y' end as tier, r.at as at,
  r.readings as readings, r.expected as expected, r.suspect as suspect, cast(r.total as real) / nullif(r.readings, 0) as average, cast(r.total as real) as total, r.low as low, r.high as high,
  r.first as first, r.last as last, cast(case s.kind when 'energy' then r.total else r.delta end as real) as delta, cast(r.unallocated as real) as unallocated,
  s.unit as unit, strftime('%Y-%m-%dT%H:%M:%fZ', r.at / 1000000.0, 'unixepoch') as time
from series s join rollup r on r.series_id = s.id;
{end}
{only:postgres}
create view reading_rollup as
select s.name as series, case r.tier when 1 then '15m' when 2 then '1h' when 3 then '1d' when 4 then '1w' when 5 then '1mo' else '1y' end as tier, r.at as at,
  r.readings as readings, r.expected as expected, r.suspect as suspect, (r.total / nullif(r.readings, 0))::double precision as average, r.total as total, r.low as low, r.high as high,
  r.first as first, r.last as last, case s.kind when 'energy' then r.total else r.delta end as delta, r.unallocated as unallocated,
  s.unit as unit, r.at as time
from series s join rollup r on r.series_id = s.id;
{end}
