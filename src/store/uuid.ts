/** What PostgreSQL takes as a uuid: anything else in a query would be its error, not ours. */
export const isUuid = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
