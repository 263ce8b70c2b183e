/** An operator. Sudo admins see everything, others only their own users. */
export interface Admin {
  id: number;
  username: string;
  isSudo: boolean;
  telegramId: bigint | null;
  discordWebhook: string | null;
  /** Bytes of all users while they were owned by this admin, since the last reset. */
  usersUsage: bigint;
}
