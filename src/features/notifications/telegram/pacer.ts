const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** How many messages in how many milliseconds. Source: Telegram's bot FAQ, "How can I avoid hitting limits". */
const ALL: Limit = { messages: 30, within: SECOND };
const CHAT: Limit = { messages: 1, within: SECOND };
const GROUP: Limit = { messages: 20, within: MINUTE };

interface Limit {
  messages: number;
  within: number;
}

interface Chat {
  /** When its last messages were sent, as many as any of its limits counts. */
  sent: number[];
  /** Until when Telegram wants it to be left alone. */
  pausedUntil: number;
}

/** When a bot may write to a chat so that Telegram bears it. Times are milliseconds of a clock that only goes on. */
export class Pacer {
  private readonly chats = new Map<string, Chat>();
  private readonly sent: number[] = [];

  /** 0: the message may be sent now, and counts as sent. Otherwise in so many milliseconds it may be asked again. */
  reserve(id: string, now: number): number {
    const chat = this.chatOf(id);
    const limits = isGroup(id) ? [CHAT, GROUP] : [CHAT];
    const waits = limits.map((limit) => waitOf(chat.sent, limit, now));
    const wait = Math.max(chat.pausedUntil - now, waitOf(this.sent, ALL, now), ...waits);
    if (wait > 0) return wait;
    keep(this.sent, now, ALL.messages);
    keep(chat.sent, now, Math.max(...limits.map(({ messages }) => messages)));
    return 0;
  }

  /** Telegram said so. */
  pause(id: string, until: number): void {
    this.chatOf(id).pausedUntil = until;
  }

  private chatOf(id: string): Chat {
    const chat = this.chats.get(id) ?? { sent: [], pausedUntil: 0 };
    this.chats.set(id, chat);
    return chat;
  }
}

/** Groups and channels have negative ids. */
const isGroup = (id: string) => id.startsWith('-');

/** Until the message that is one too many is old enough. */
function waitOf(sent: readonly number[], { messages, within }: Limit, now: number): number {
  const first = sent.at(-messages);
  return first === undefined ? 0 : Math.max(0, first + within - now);
}

function keep(sent: number[], now: number, most: number): void {
  sent.push(now);
  if (sent.length > most) sent.shift();
}
