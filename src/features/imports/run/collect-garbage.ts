import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Frees memory that nothing refers to. Rows outlive the young generation while they wait to be written, and V8 would let
 * hundreds of megabytes of them pile up before it looks at the old one.
 */
export function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
