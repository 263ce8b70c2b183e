/** How a client application would show a share link, and its protocol; the link itself where it has no name. */
export function describeLink(link: string): { name: string; protocol: string } {
  const [, protocol = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(link) ?? [];
  const name = protocol === 'vmess' ? vmessName(rest) : decoded(rest.split('#').slice(1).join('#'));
  return { name: name || link.slice(0, 60), protocol };
}

function vmessName(base64: string): string {
  try {
    const { ps } = JSON.parse(Buffer.from(base64, 'base64').toString()) as { ps?: unknown };
    return typeof ps === 'string' ? ps : '';
  } catch {
    return '';
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
