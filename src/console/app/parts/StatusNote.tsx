/** Says what is not ready; silent when all is well. */
import type { Status } from '../api.ts';

export function StatusNote({ status }: { readonly status: Status | null | undefined }) {
  if (status === undefined || status?.ready) return null;
  const text =
    status === null
      ? 'The server does not answer. This page goes on by itself once it is back.'
      : `Not ready yet: ${status.checks
          .filter((check) => !check.ok)
          .map((check) => `${check.name} (${check.detail})`)
          .join(', ')}`;
  return (
    <p className="note" role="status">
      {text}
    </p>
  );
}
