/**
 * SQL: where a stored answer was asked for. One rule decides over what may leave its channel: corrections, liked answers,
 * gaps and replayed questions all read it here.
 */

/** From answer `a` to its question `q`, channel `c` and workspace `w`. */
export const joinPlace = `
  join questions q on q.id = a.question_id
  join conversations t on t.id = q.conversation_id
  join channels c on c.id = t.channel_id
  join workspaces w on w.id = c.workspace_id`;

/** On this machine, by its operator. */
export const askedByOperator = `(w.platform = 'local' and c.visibility = 'direct')`;

/** Where every member may read, or by the operator. */
export const askedOpenly = `(c.visibility in ('everyone', 'open') or ${askedByOperator})`;
