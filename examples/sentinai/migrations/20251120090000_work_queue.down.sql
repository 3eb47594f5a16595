-- Takes back work_queue.
DROP INDEX CONCURRENTLY exception_work_queue;
