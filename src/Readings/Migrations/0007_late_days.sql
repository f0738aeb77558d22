-- Whether a mark is of samples that came, were corrected or taken away, and not only of what is to be rolled up once more.
alter table rollup_mark add column is_changed {bool} not null default {true};

-- Days (where they begin on the site's clock) that were judged, or should have been, before samples of them came. The version rises with each that comes and is never one that was: who judges takes away what he has seen.
create table reading_late_day (
  source_id {bigint} not null,
  day {instant} not null,
  version {bigint} not null,
  primary key (source_id, day)
){clustered};

-- Up to where the daily job has judged, or is at it; null before its first run.
alter table readings_state add column judged_to {instant};

-- The day that the daily job is judging, which nobody else judges meanwhile; null for none.
alter table readings_state add column judging {instant};

-- Findings of days long past that were judged lately.
create index reading_finding_found on reading_finding (found_at);
