import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pacer } from './pacer.js';

/** Sends to the chats in turn, each as soon as it may be; returns when each message was sent. */
function sendTo(chats: readonly string[], pacer = new Pacer()): { chat: string; at: number }[] {
  let now = 0;
  return chats.map((chat) => {
    for (;;) {
      const wait = pacer.reserve(chat, now);
      if (wait === 0) return { chat, at: now };
      now += wait;
    }
  });
}

const times = (count: number, chat: string) => new Array<string>(count).fill(chat);

describe('the pace of a bot', () => {
  it('is one message a second in a chat', () => {
    expect(sendTo(times(4, '5')).map(({ at }) => at)).toEqual([0, 1_000, 2_000, 3_000]);
  });

  it('is one a second and twenty a minute in a group', () => {
    const at = sendTo(times(41, '-5')).map((sent) => sent.at);
    expect([at[19], at[20], at[39], at[40]]).toEqual([19_000, 60_000, 79_000, 120_000]);
  });

  it('is thirty a second in all', () => {
    const chats = Array.from({ length: 61 }, (_, i) => String(i + 1));
    const at = sendTo(chats).map((sent) => sent.at);
    expect([at[29], at[30], at[59], at[60]]).toEqual([0, 1_000, 1_000, 2_000]);
  });

  it('rests in the chat that Telegram said, and in no other', () => {
    const pacer = new Pacer();
    pacer.pause('5', 7_500);
    expect([pacer.reserve('5', 500), pacer.reserve('6', 500), pacer.reserve('5', 7_500)]).toEqual([
      7_000, 0, 0,
    ]);
  });

  it('never breaks a limit, whichever chats are written to', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('1', '2', '3', '-1', '-2'), { maxLength: 200 }), (chats) => {
        const sent = sendTo(chats);
        for (const { chat, at } of sent) {
          const within = (ms: number, of: typeof sent) =>
            of.filter((m) => m.at > at - ms && m.at <= at).length;
          const here = sent.filter((message) => message.chat === chat);
          expect(within(1_000, sent)).toBeLessThanOrEqual(30);
          expect(within(1_000, here)).toBe(1);
          if (chat.startsWith('-')) expect(within(60_000, here)).toBeLessThanOrEqual(20);
        }
      }),
      { numRuns: 50 },
    );
  });
});
