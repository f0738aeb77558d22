-- Several nodes over one database. Every column has a default, so that a program that does not know it goes on beside this one.

-- False until the node is warm enough to take endpoints over without missing a slot, and again while it stops.
alter table node add column takes_work {bool} not null default {true};

-- The operator's drain: it keeps running and gives everything back. Stored, obeyed by the node itself.
alter table node add column is_draining {bool} not null default {false};

-- What the application_name of its database sessions contains, so that whoever declares it dead can end them; empty for none.
alter table node add column session {text} not null default '';

-- What a node says of itself with every renewal: its wall clock minus the database's, and when its loops were last seen moving.
alter table node_lease add column clock_offset_us {bigint} not null default 0;
alter table node_lease add column progress_at {instant};
