import { describe, expect, it } from 'vitest';
import { isDiscordWebhook } from './discord-webhook.js';

describe('a Discord webhook', () => {
  it.each([
    ['https://discord.com/api/webhooks/1/abc', true],
    ['https://canary.discord.com/api/webhooks/1/abc', true],
    ['https://discordapp.com/api/webhooks/1/abc', true],
    ['http://discord.com/api/webhooks/1/abc', false],
    ['https://discord.com.example.org/api/webhooks/1/abc', false],
    ['https://discord.com@example.org/api/webhooks/1/abc', false],
    ['https://discord.com:8443/api/webhooks/1/abc', false],
    ['https://discord.com/', false],
    ['discord', false],
  ])('%s: %s', (url, expected) => {
    expect(isDiscordWebhook(url)).toBe(expected);
  });
});
