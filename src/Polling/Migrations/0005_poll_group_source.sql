-- Rolling up asks for the plans of a source.
create index poll_group_source on poll_group (source_id);
