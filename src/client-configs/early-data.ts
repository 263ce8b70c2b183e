/**
 * A WebSocket path without the `ed` of its query, which is how Xray is told to send that many bytes early; other
 * clients have settings of their own for it. An `ed` that is no number stays where it is.
 */
export function splitEarlyData(path: string): { path: string; earlyData: number | undefined } {
  const [, before, digits, after] = /^(.*?[?&])ed=(\d{1,9})(?=&|$)&?(.*)$/s.exec(path) ?? [];
  if (before === undefined || !path.slice(0, before.length).includes('?'))
    return { path, earlyData: undefined };
  return { path: `${before}${after}`.replace(/[?&]$/, ''), earlyData: Number(digits) };
}
