-- Where to find the jobs of a request, by correlation or trace id. A job carries both in its metadata wherever it goes; a job that comes from no request is not here
-- (docs/decisions/0026-a-trace-travels-in-metadata.md).
create table job_trace (
  job_id {bigint} not null primary key,
  correlation_id {text} not null,
  trace_id {text} not null,
  at {instant} not null
){strict};

create index job_trace_correlation on job_trace (correlation_id, job_id);
create index job_trace_trace on job_trace (trace_id, job_id);
create index job_trace_at on job_trace (at);
