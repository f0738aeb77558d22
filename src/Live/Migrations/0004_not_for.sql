-- The one connection of the Pusher protocol that an event is not told to: that of whoever caused it. Null for none. A node of a version before this one tells it too.
{only:postgres}alter table live_outbox add column not_for {text};{end}
alter table live_event add column not_for {text};
