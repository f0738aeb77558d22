-- The meter of a file that names none. The same bytes may be those of two meters, when both were idle: the same file is the same file of the same meter.
alter table import add column meter {text};
drop index import_once;
create unique index import_once on import (hash, coalesce(meter, '')) where undone_at is null and state in ('queued', 'running', 'done', 'failed');
