-- In whose name a change was made: the correlation and trace id of the request. Null for what came from no request.
alter table audit_waiting add column correlation_id {text};
alter table audit_waiting add column trace_id {text};
alter table audit_log add column correlation_id {text};
alter table audit_log add column trace_id {text};

create index audit_waiting_correlation on audit_waiting (correlation_id, id) where correlation_id is not null;
create index audit_waiting_trace on audit_waiting (trace_id, id) where trace_id is not null;
create index audit_log_correlation on audit_log (correlation_id, no) where correlation_id is not null;
create index audit_log_trace on audit_log (trace_id, no) where trace_id is not null;
