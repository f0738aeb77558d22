-- Whoever listens to a metric asks which groups have it.
create index point_name on point (name) where removed_at is null;
