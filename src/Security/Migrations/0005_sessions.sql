-- Of a user: what it has opened, and what it has made.
create index api_token_user on api_token (user_name) where user_name is not null;
create index api_token_created_by on api_token (created_by) where revoked_at is null;
