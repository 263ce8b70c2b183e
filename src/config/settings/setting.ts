/** What a setting holds, and what stands for it when it is not set. The only definition: readers and documents use it. */
export interface Setting {
  kind: 'text' | 'boolean' | 'integer' | 'choice' | 'list';
  /** In words of the environment. Absent: nothing. */
  byDefault?: string;
  /** Other names; the first that is set counts. */
  aliases?: readonly string[];
  /** Of a whole number, both included. */
  from?: number;
  to?: number;
  /** Of a choice. */
  values?: readonly string[];
  /** May be given as the path of a file, in `<name>_FILE`. */
  secret?: boolean;
  /** What to show where there is no default. */
  example?: string;
  /** For people, in whole sentences. Absent: the words of the setting before it hold for this one as well. */
  text?: string;
}

export type Settings = Readonly<Record<string, Setting>>;
