/** A prepared statement. One text per name; the name has at most 63 characters. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}
