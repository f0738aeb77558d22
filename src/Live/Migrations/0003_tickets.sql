-- One-time tickets of the feed, good at every node for half a minute. The ticket itself is nowhere: hash is its SHA-256. Handle names whoever it was given to; who that is, and whether they
-- still may, is asked when it is used.
create table live_ticket (
  hash {text} not null primary key,
  handle {text} not null,
  expires_at {instant} not null
){strict};

create index live_ticket_expires on live_ticket (expires_at);
create index live_ticket_handle on live_ticket (handle);
