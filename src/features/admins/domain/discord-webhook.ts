const HOSTS = new Set(['discord.com', 'ptb.discord.com', 'canary.discord.com', 'discordapp.com']);

/**
 * Whether a URL is a webhook of Discord's. The service posts there, so a name that only starts like Discord's must not
 * pass (`https://discord.com.example.org`).
 */
export function isDiscordWebhook(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const plain = protocol === 'https:' && port === '' && username === '' && password === '';
  return plain && HOSTS.has(hostname) && pathname.startsWith('/api/webhooks/');
}
