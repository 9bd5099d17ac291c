/** How the server is doing. */
import { useEffect, useState } from 'react';
import { fetchStatus, type Status } from '../api.ts';

/** Often while something is not ready, because a person waits for it. */
const pace = { ready: 20_000, waiting: 2_000 };

/** undefined: not known yet; null: the server does not answer. */
export function useStatus(): Status | null | undefined {
  const [status, setStatus] = useState<Status | null>();
  const ready = status?.ready ?? false;
  useEffect(() => {
    let live = true;
    const look = () =>
      fetchStatus().then(
        (next) => live && setStatus(next),
        () => live && setStatus(null),
      );
    void look();
    const timer = setInterval(look, ready ? pace.ready : pace.waiting);
    return () => {
      live = false;
      clearInterval(timer);
    };
  }, [ready]);
  return status;
}
