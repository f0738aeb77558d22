-- How long it is from one reading of a series to the next, in microseconds, as whoever brings them says or shows; null while nobody knows.
alter table series add column interval_us {bigint};
