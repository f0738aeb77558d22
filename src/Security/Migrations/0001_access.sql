-- Who may do what. Bumped by every change of it, so that a node sees with one small question whether it has to look again.
create table security_revision (
  one {int} not null primary key check (one = 1),
  revision {bigint} not null
){strict};

insert into security_revision (one, revision) values (1, 1);

create table user_account (
  id {id},
  name {text} not null,
  role {text} not null check (role in ('admin', 'operator', 'viewer', 'ingest')),
  password {text} not null,
  created_at {instant} not null,
  created_by {text} not null,
  changed_at {instant} not null
){strict};

create unique index user_account_name on user_account (name);

-- The secret itself is nowhere: hash is the SHA-256 of the whole token, prefix is what a person recognises it by.
create table api_token (
  id {id},
  name {text} not null,
  prefix {text} not null,
  hash {text} not null,
  role {text} not null check (role in ('admin', 'operator', 'viewer', 'ingest')),
  topics {text},
  devices {text},
  -- Of a session: whose it is.
  user_name {text},
  created_at {instant} not null,
  created_by {text} not null,
  expires_at {instant},
  revoked_at {instant},
  last_used_at {instant}
){strict};

create unique index api_token_prefix on api_token (prefix);

-- A name is free again once its token was revoked.
create unique index api_token_name on api_token (name) where revoked_at is null;
