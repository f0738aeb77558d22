-- SQLite: old samples, many in a row (docs/decisions/0034-an-archive-that-sql-can-read.md). On PostgreSQL there is none.
{only:sqlite}
-- Samples of a source that follow one another, at most 960; two of one source never overlap. Instants are from_at + unit * step; the units are 0, 1, 2, … where width is 0,
-- else numbers of so many bytes, the highest first.
create table sample_archive (
  source_id INTEGER not null,
  from_at INTEGER not null,
  to_at INTEGER not null,
  samples INTEGER not null check (samples between 1 and 960),
  step INTEGER not null check (step > 0),
  width INTEGER not null check (width between 0 and 6),
  units BLOB,
  primary key (source_id, from_at)
) STRICT, WITHOUT ROWID;

-- The values of one ordinal. A cell has width bytes, the highest first: 0 for no value, else the value is (base + cell - 1) / scale, exactly. Where width is 0 all are base / scale.
-- Values that are no decimals of few digits are in texts, as a sample has them. flags has a mark for each sample; null when all are plainly good.
create table sample_archive_column (
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

-- The places in an archived row, 0 to 959, for SQL that unfolds it.
create table sample_place (n INTEGER primary key) STRICT;

insert into sample_place (n) with recursive p(n) as (select 0 union all select n + 1 from p where n < 959) select n from p;

drop view reading;

create view reading as
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
{end}
