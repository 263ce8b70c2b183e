import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LineSender } from './line-sender.js';

/** The end of a connection that takes what it is sent when it is told to. */
class Wire {
  bufferedAmount = 0;
  readonly messages: string[] = [];
  isOpen = true;
  private readonly waiting: { size: number; sent: () => void }[] = [];

  send(text: string, sent: () => void): void {
    this.messages.push(text);
    if (this.isOpen) return queueMicrotask(sent);
    this.bufferedAmount += text.length;
    this.waiting.push({ size: text.length, sent });
  }

  drain(): void {
    this.isOpen = true;
    for (const { size, sent } of this.waiting.splice(0)) {
      this.bufferedAmount -= size;
      sent();
    }
  }
}

let wire: Wire;
beforeEach(() => {
  vi.useFakeTimers();
  wire = new Wire();
});
afterEach(() => vi.useRealTimers());

describe('lines of a log', () => {
  it('are messages of their own, trimmed, without empty ones', () => {
    new LineSender(wire, undefined).send([' a ', '', 'b\r', '  ']);
    expect(wire.messages).toEqual(['a', 'b']);
  });

  it('are one message each interval, the first at once', () => {
    const sender = new LineSender(wire, 2);
    sender.send(['a']);
    sender.send(['b']);
    vi.advanceTimersByTime(1_999);
    sender.send(['c', 'd']);
    expect(wire.messages).toEqual(['a\n']);
    vi.advanceTimersByTime(1);
    expect(wire.messages).toEqual(['a\n', 'b\nc\nd\n']);
    vi.advanceTimersByTime(10_000);
    sender.send(['e']);
    expect(wire.messages).toEqual(['a\n', 'b\nc\nd\n', 'e\n']);
  });

  it.each([undefined, 1])('lose the oldest for a client that does not keep up (interval %s)', (interval) => {
    const sender = new LineSender(wire, interval);
    wire.isOpen = false;
    const line = 'x'.repeat(100);
    for (let i = 0; i < 30_000; i++) {
      sender.send([`${line}${i}`]);
      if (i % 1_000 === 0) vi.advanceTimersByTime(1_000);
    }
    expect(wire.bufferedAmount).toBeLessThan(2_000_000);
    wire.drain();
    vi.advanceTimersByTime(2_000);
    const numbers = wire.messages.flatMap((message) => message.match(/\d+/g)!.map(Number));
    expect(numbers.slice(-10_000)).toEqual(Array.from({ length: 10_000 }, (_, i) => 20_000 + i));
    expect(numbers.length).toBeLessThan(30_000);
  });

  it('stop when the client is gone', () => {
    const sender = new LineSender(wire, 1);
    sender.send(['a']);
    sender.send(['b']);
    sender.end();
    vi.advanceTimersByTime(5_000);
    sender.send(['c']);
    expect(wire.messages).toEqual(['a\n']);
  });
});
