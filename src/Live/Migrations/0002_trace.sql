-- The request that an event follows from. Null for what follows from none.
{only:postgres}alter table live_outbox add column correlation_id {text};
alter table live_outbox add column trace_id {text};{end}
alter table live_event add column correlation_id {text};
alter table live_event add column trace_id {text};

create index live_event_correlation on live_event (correlation_id, id) where correlation_id is not null;
create index live_event_trace on live_event (trace_id, id) where trace_id is not null;
