/** The languages of the page, the one for everybody else first. */
export const LANGUAGES = ['en', 'fa', 'ru', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The language that a browser likes best of those there are, by its `Accept-Language`. */
export function preferredLanguage(acceptLanguage: string): Language {
  const wishes = acceptLanguage
    .split(',', 50)
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const quality = Number(parameters.find((part) => part.startsWith('q='))?.slice(2) ?? 1);
      return { language: knownLanguage(tag.split('-')[0]!), quality };
    })
    .sort((a, b) => b.quality - a.quality); // keeps the order of equals
  return wishes.find(({ language, quality }) => language && quality > 0)?.language ?? LANGUAGES[0];
}

/** The language of this name, if it is one of ours. */
export function knownLanguage(name: string): Language | undefined {
  return LANGUAGES.find((language) => language === name);
}
