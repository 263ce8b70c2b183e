/** Makes names differ: one that was given before gets the next free number, `name (2)`. */
export class UniqueNames {
  private readonly given = new Set<string>();
  private readonly next = new Map<string, number>();

  give(name: string): string {
    let unique = name;
    let number = this.next.get(name) ?? 2;
    while (this.given.has(unique)) unique = `${name} (${number++})`;
    this.next.set(name, number);
    this.given.add(unique);
    return unique;
  }
}
