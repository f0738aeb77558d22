-- Partitions are made and dropped while servers run. On PostgreSQL by these two functions, with the rights of whoever migrates: the role that a server runs as needs none to change the schema
-- (docs/decisions/0027-partitions-by-functions.md). They take tables of their own schema and owner alone, which are partitioned by range of time, and name the partitions themselves.
{only:postgres}
create function rondo_partition_make(parent text, from_at timestamptz, until_at timestamptz) returns boolean language plpgsql security definer as $fn$
declare
  child text := parent || to_char(from_at at time zone 'UTC', '"_p"YYYYMMDD_HH24MISS');
begin
  if not exists (
    select 1 from pg_class c
    where c.relname = parent and c.relnamespace = current_schema()::regnamespace and c.relkind = 'p' and pg_has_role(current_user, c.relowner, 'usage')
  ) then
    raise exception 'rondo_partition_make: % is no partitioned table of this schema and owner', parent using errcode = 'insufficient_privilege';
  end if;
  if from_at is null or until_at is null or until_at <= from_at or until_at > from_at + interval '31 days' or length(child) > 63 then
    raise exception 'rondo_partition_make: % to % is no length of a partition', from_at, until_at using errcode = 'invalid_parameter_value';
  end if;
  execute format(
    'create table %I partition of %I for values from (%L) to (%L)', child, parent,
    to_char(from_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), to_char(until_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
  return true;
end
$fn$;

create function rondo_partition_drop(parent text, child text) returns boolean language plpgsql security definer as $fn$
begin
  if not exists (
    select 1 from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid
    where p.relname = parent and p.relnamespace = current_schema()::regnamespace and p.relkind = 'p' and pg_has_role(current_user, p.relowner, 'usage')
      and c.relname = child and c.relnamespace = p.relnamespace and c.relispartition
  ) then
    raise exception 'rondo_partition_drop: % is no partition of a table % of this schema and owner', child, parent using errcode = 'insufficient_privilege';
  end if;
  execute format('drop table %I', child);
  return true;
end
$fn$;

-- Whoever calls them cannot put a table or an operator of their own in the way.
do $do$
begin
  execute format('alter function rondo_partition_make(text, timestamptz, timestamptz) set search_path = %I, pg_temp', current_schema());
  execute format('alter function rondo_partition_drop(text, text) set search_path = %I, pg_temp', current_schema());
end
$do$;

revoke execute on function rondo_partition_make(text, timestamptz, timestamptz) from public;
revoke execute on function rondo_partition_drop(text, text) from public;
{end}
