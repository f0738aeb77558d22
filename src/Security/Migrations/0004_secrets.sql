-- Secrets of devices and the like: what Rondo has to present to others, so it has to be able to read them. Encrypted by a key of the key ring, which is not in the database.
create table secret (
  id {id},
  owner_kind {text} not null check (owner_kind in ('device')),
  owner {text} not null,
  name {text} not null,
  -- Base64 of what Data Protection made of it, bound to owner_kind, owner and name.
  payload {text} not null,
  key_id {text} not null,
  changed_at {instant} not null,
  changed_by {text} not null
){strict};

create unique index secret_name on secret (owner_kind, owner, name);
create index secret_key on secret (key_id);
