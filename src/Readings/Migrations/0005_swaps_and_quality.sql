-- At an instant the meter behind a counter was exchanged: what is read from then on is another counter's. old_end is what the old one had at the end, new_start what the new one began with;
-- null where nobody said: then the last reading before and the first one after stand for them.
create table meter_swap (
  series_id {bigint} not null,
  at {instant} not null,
  old_end {real},
  new_start {real},
  declared_at {instant} not null,
  primary key (series_id, at)
){clustered};

-- Values that files brought for an instant that had one already, counted by series and day (where the day begins on the site's clock).
create table reading_duplicate (
  source_id {bigint} not null,
  ordinal {int} not null,
  day {instant} not null,
  count {bigint} not null,
  primary key (source_id, ordinal, day)
){clustered};

-- Days that the daily look found something to say against.
create table reading_finding (
  day {instant} not null,
  series_id {bigint} not null,
  expected {bigint},
  present {int} not null,
  gaps {int} not null,
  suspect {int} not null,
  outliers {int} not null,
  stuck {int} not null,
  negative {int} not null,
  duplicates {bigint} not null,
  found_at {instant} not null,
  primary key (day, series_id)
){clustered};
