-- Below, what a tier holds may have been let go of (tier 0: samples): what was made of it is never replaced by less. Classes of series are kept for different times:
-- what is polled (and is there once more only here), and what files brought.
create table reading_kept (
  class {text} not null check (class in ('polled', 'imported')),
  tier {int} not null check (tier between 0 and 6),
  from_at {instant} not null,
  primary key (class, tier)
){clustered};

-- Until now samples of either class went at the same time; readings_state.raw_from is still written, for nodes of the version before.
insert into reading_kept (class, tier, from_at) select 'polled', 0, raw_from from readings_state where raw_from is not null;
insert into reading_kept (class, tier, from_at) select 'imported', 0, raw_from from readings_state where raw_from is not null;
