-- What is known of imports as a whole: one row. The vault tells the folder of files which database uses it: files of another one are nobody's here, and are not let go of.
create table import_head (
  no {int} not null primary key check (no = 1),
  vault {text} not null,
  summary_at {instant}
){strict};

insert into import_head (no, vault) values (1, {only:sqlite}lower(hex(randomblob(16))){end}{only:postgres}replace(gen_random_uuid()::text, '-', ''){end});

-- What ended long ago, and what ended lately.
create index import_finished on import (finished_at);
