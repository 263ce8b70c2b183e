/** A preset for new users, for clients that create them. The service itself applies it to nobody. */
export interface UserTemplate {
  id: number;
  name: string;
  /** Bytes; 0 means unlimited. */
  dataLimit: bigint;
  /** Seconds; 0 means for ever. */
  expireSeconds: bigint;
  usernamePrefix: string | null;
  usernameSuffix: string | null;
  /** Tags of inbounds, some of which the core config may have no more. None at all usually means all of them. */
  inboundTags: readonly string[];
}

export type NewTemplate = Omit<UserTemplate, 'id'>;

/** What changes of a template; what is undefined stays. */
export type TemplateChange = Partial<NewTemplate>;
