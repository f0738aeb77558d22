-- Where the group of a plan is polled; it follows its device. With several nodes a row of the ledger is taken only from whoever owns this endpoint, so that
-- a device that moves to another node's endpoint is never written about by both. Null in rows of programs that do not know the column: any owner.
alter table poll_plan add column endpoint_id {bigint};

update poll_plan set endpoint_id = (select d.endpoint_id from poll_group g join device d on d.id = g.device_id where g.id = poll_plan.group_id);
