-- A node is one running process; its id is the random identity of this one start (incarnation), never a host name.
create table node (
  id {text} not null primary key,
  host {text} not null,
  place {text} not null,
  pid {int} not null,
  pid_started {bigint} not null,
  roles {text} not null,
  version {text} not null,
  state {text} not null check (state in ('live', 'dead')),
  started_at {instant} not null,
  ended_at {instant},
  seen_revision {bigint} not null default 0
){strict};

create index node_live on node (id) where state = 'live';

-- Apart from the node, so that renewing never waits for a batch that holds the node's row.
create table node_lease (
  id {text} not null primary key references node (id) on delete cascade,
  expires_at {instant} not null
){strict};
