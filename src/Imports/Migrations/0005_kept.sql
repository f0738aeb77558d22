-- Rejected rows of a file that was refused, behind those of the rows that are stored: whoever runs it again rejects them again.
alter table import add column rejected_ahead {bigint} not null default 0;

-- What took the place of a value, beside what it was; null where that was not written down yet.
{only:sqlite}alter table import_correction add column new_value REAL;{end}
{only:postgres}alter table import_correction add column new_value double precision;{end}
alter table import_correction add column new_mark {text};

-- Those of an import in their order, page by page.
drop index import_correction_import;
create index import_correction_import on import_correction (import_id, series_id, at);
