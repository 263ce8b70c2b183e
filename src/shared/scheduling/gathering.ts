interface Round<Key, Answer> {
  keys: Set<Key>;
  answer: Promise<Answer>;
}

/**
 * Answers those who ask within some milliseconds by one reading for all of their keys. It begins after each of them has asked,
 * so nobody is told what was so before. If it fails, it fails for them and for nobody else.
 */
export class Gathering<Key, Answer> {
  private open: Round<Key, Answer> | undefined;

  /** With more than `limit` keys some who ask are answered by a reading of their own; nobody's keys are divided. */
  constructor(
    private readonly milliseconds: number,
    private readonly read: (keys: readonly Key[]) => Promise<Answer>,
    private readonly limit = Infinity,
  ) {}

  /** The answer to all who have asked meanwhile, of which the caller takes his part. */
  ask(keys: readonly Key[]): Promise<Answer> {
    let round = this.open;
    if (round && round.keys.size > 0 && sizeWith(round.keys, keys) > this.limit) round = undefined;
    round ??= this.begin();
    for (const key of keys) round.keys.add(key);
    return round.answer;
  }

  private begin(): Round<Key, Answer> {
    const keys = new Set<Key>();
    const answer = new Promise<void>((resolve) => setTimeout(resolve, this.milliseconds)).then(() => {
      if (this.open === round) this.open = undefined;
      return this.read([...keys]);
    });
    const round = { keys, answer };
    return (this.open = round);
  }
}

function sizeWith<Key>(keys: ReadonlySet<Key>, more: readonly Key[]): number {
  let size = keys.size;
  for (const key of more) if (!keys.has(key)) size++;
  return size;
}
