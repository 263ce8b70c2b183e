/** What tells one process of a core from another. No clock but the core's own has a part in it. */
export interface CoreProcess {
  /** The tag of its marker outbound, which holds a nonce of this one start; undefined for a core that somebody else started. */
  marker: string | undefined;
  /** How long it runs, in whole seconds. */
  uptimeSeconds: number;
}

/**
 * Whether `seen`, asked for after `known` was seen, is the same process: it has the same marker, and has not grown younger.
 * The nonce alone would do, but cores that the version before has started have none.
 */
export function isSameProcess(known: CoreProcess | undefined, seen: CoreProcess): boolean {
  return known !== undefined && seen.marker === known.marker && seen.uptimeSeconds >= known.uptimeSeconds;
}

/** The core that answered is another process than the one that is worked with. */
export class CoreReplaced extends Error {
  constructor() {
    super('Another core process answered');
    this.name = 'CoreReplaced';
  }
}

/** One process that is worked with: answers of another one are refused. */
export class KnownProcess {
  constructor(private last: CoreProcess) {}

  get uptimeSeconds(): number {
    return this.last.uptimeSeconds;
  }

  /**
   * What the core answers, if it is this process that does. Answers may overtake each other, so each is compared with what
   * was known when it was asked for. @throws CoreReplaced
   */
  async ask<T extends { process: CoreProcess }>(question: () => Promise<T>): Promise<T> {
    const known = this.last;
    const answer = await question();
    if (!isSameProcess(known, answer.process)) throw new CoreReplaced();
    if (answer.process.uptimeSeconds > this.last.uptimeSeconds) this.last = answer.process;
    return answer;
  }
}
