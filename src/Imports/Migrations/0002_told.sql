-- How fast the run that is under way is, and whom the end of an import is told to: a URL, and the job that calls it.
{only:sqlite}alter table import add column rows_per_s REAL;{end}
{only:postgres}alter table import add column rows_per_s double precision;{end}
alter table import add column webhook {text};
alter table import add column webhook_job_id {bigint};

-- What was fetched of which source: a file by its name, and what changes when it does. What the source does not have any more is not remembered.
create table import_source_file (
  source {text} not null,
  name {text} not null,
  version {text} not null,
  import_id {bigint},
  seen_at {instant} not null,
  primary key (source, name)
){clustered};
