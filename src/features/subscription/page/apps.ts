/** A link that hands a subscription over to an application. */
export interface App {
  name: string;
  platforms: string;
  importUrl: string;
}

/**
 * The common applications with a link of their own, in the order of the page. `url` is the subscription, `name` how
 * the application shall call it.
 * Sources: v2rayNG `UrlSchemeActivity`, the wiki of Hiddify (“URL Scheme”), sing-box's manual (“URL Scheme”), Happ's
 * developer documentation, and `clash://install-config` as Clash for Windows introduced it.
 */
export function appsFor(url: string, name: string): App[] {
  const [encoded, title] = [encodeURIComponent(url), encodeURIComponent(name)];
  return [
    { name: 'v2rayNG', platforms: 'Android', importUrl: `v2rayng://install-sub?url=${encoded}#${title}` },
    { name: 'Streisand', platforms: 'iOS · macOS', importUrl: `streisand://import/${url}#${title}` },
    { name: 'Happ', platforms: 'Android · iOS · PC', importUrl: `happ://add/${url}` },
    { name: 'Hiddify', platforms: 'Android · iOS · PC', importUrl: `hiddify://import/${url}#${title}` },
    {
      name: 'Clash',
      platforms: 'Android · PC',
      importUrl: `clash://install-config?url=${encoded}&name=${title}`,
    },
    {
      name: 'sing-box',
      platforms: 'Android · iOS · macOS',
      importUrl: `sing-box://import-remote-profile?url=${encoded}#${title}`,
    },
  ];
}
