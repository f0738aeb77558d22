-- A file has one node, so what runs is that node's, or is released in a moment. The index cost each job an entry and found nothing that a look through the table would not.
{only:sqlite}drop index job_running_node;{end}
