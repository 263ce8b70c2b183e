import { setMaxListeners } from 'node:events';

/**
 * A signal that is aborted with any of `signals`, or when the time is over. `AbortSignal.any` with `AbortSignal.timeout` may
 * never be: Node.js 20 holds that timeout weakly, and the first collection of garbage takes it away, and with it the limit.
 */
export function within(milliseconds: number, ...signals: AbortSignal[]): AbortSignal {
  const limit = new AbortController();
  setMaxListeners(0, limit.signal); // one per call in flight
  const end = (reason: unknown) => {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
    limit.abort(reason);
  };
  const onAbort = ({ target }: Event) => end((target as AbortSignal).reason);
  const late = () => end(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  const timer = setTimeout(late, milliseconds).unref();
  for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
  const over = signals.find(({ aborted }) => aborted);
  if (over) end(over.reason);
  return limit.signal;
}
