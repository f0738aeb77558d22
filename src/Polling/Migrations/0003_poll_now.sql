-- "Read this device now": asked by anybody, answered by the node that owns its endpoint, over its connection. In no plan, so it leaves nothing in the ledger
-- and no reading.
create table poll_request (
  id {text} not null primary key,
  device_id {bigint} not null references device (id),
  asked_at {instant} not null,
  node {text},
  done_at {instant},
  answer {text}
){strict};

create index poll_request_open on poll_request (asked_at) where done_at is null;
