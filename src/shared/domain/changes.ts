import { isDeepStrictEqual } from 'node:util';

type Facts = Record<string, unknown>;

/** Of the facts that are known of both, those that differ. */
export function changesOf(was: object, is: object): { before: object; after: object } {
  const [before, after] = [was as Facts, is as Facts];
  const changed = Object.keys(after).filter(
    (name) => name in before && !isDeepStrictEqual(before[name], after[name]),
  );
  const only = (facts: Facts): Facts => Object.fromEntries(changed.map((name) => [name, facts[name]]));
  return { before: only(before), after: only(after) };
}
