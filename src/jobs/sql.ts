/** What the jobs ask of PostgreSQL beyond pg-boss's own statements. Tables are those of pg-boss 10 (schema `pgboss`). */

/** Wakes the workers of a queue, at commit when inside a transaction. */
export const channel = 'docent_jobs';
export const notifySql = `SELECT pg_notify('${channel}', $1)`;

/**
 * First key of the two-key advisory locks that jobs hold ("job" in ASCII), the second is a hash of the job's id. Two ids
 * with the same hash only wait for each other.
 */
const lockClass = 0x6a6f62;
export const tryLockSql = `SELECT pg_try_advisory_lock(${lockClass}, hashtext($1)) AS locked`;
export const unlockSql = `SELECT pg_advisory_unlock(${lockClass}, hashtext($1))`;

/** Whether this attempt is still the job's current one. */
export const isCurrentSql = `
  SELECT 1 FROM pgboss.job WHERE name = $1 AND id = $2 AND state = 'active' AND retry_count = $3`;

/** Jobs that are marked as running although no session holds their lock: their worker is dead. */
export const orphansSql = `
  SELECT id, retry_count < retry_limit AS "mayRetry" FROM pgboss.job AS job
  WHERE name = $1 AND state = 'active' AND NOT EXISTS (
    SELECT 1 FROM pg_locks AS lock
    WHERE lock.locktype = 'advisory' AND lock.objsubid = 2 AND lock.granted AND lock.classid = ${lockClass}
      AND lock.objid = (hashtext(job.id::text)::bigint & 4294967295)::oid
      AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database()))`;

/** After its worker died: at once, counted as an attempt. */
export const retryNowSql = `
  UPDATE pgboss.job SET state = 'retry', start_after = now() WHERE name = $1 AND id = $2 AND state = 'active'`;

/** After a stop: at once, not counted (pg-boss counts an attempt when it fetches a job that was started before). */
export const giveBackSql = `
  UPDATE pgboss.job SET state = 'retry', start_after = now(), started_on = NULL
  WHERE name = $1 AND id = $2 AND state = 'active'`;
