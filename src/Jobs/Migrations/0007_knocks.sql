-- From key to key of those who knock, past however many jobs knock for one of them.
create index job_waiting_knock_key on job_waiting (concurrency_key) where is_knocking and waits_for is null;
