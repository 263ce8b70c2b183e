import { SECTIONS } from './settings/index.js';
import type { Setting } from './settings/setting.js';
import { DROPPED } from './unused-settings.js';

const head = () => `\
Settings of Margrave. Copy to .env and change what you need; nothing here is required. The environment wins over .env.
Truths: true, yes, on, 1 or false, no, off, 0. Lists are between commas. Names are those of Marzban where it has them.
These can also be given as a file, by <NAME>_FILE=/run/secrets/name: ${filed()}.`;

const WIDTH = 120;

/** The text of `.env.example`. */
export function envExample(): string {
  const blocks = SECTIONS.map(([title, settings]) => {
    const lines = Object.entries(settings).map(([name, setting]) => {
      const words = setting.text === undefined ? '' : `\n\n${comment(flat(setting.text))}`;
      return `${words}\n#${name}=${setting.byDefault ?? setting.example ?? ''}`;
    });
    return `# --- ${title} ${'-'.repeat(WIDTH - title.length - 7)}${lines.join('')}\n`;
  });
  return `${comment(head())}\n\n${blocks.join('\n')}`;
}

/** The text of `docs/settings.md`. */
export function settingsPage(): string {
  const sections = SECTIONS.map(([title, settings]) => {
    const rows = Object.entries(settings).map(
      ([name, setting]) =>
        `| ${names(name, setting)} | ${values(setting)} | ${code(setting.byDefault)} | ${cell(setting.text)} |`,
    );
    return `## ${title}\n\n| Setting | Values | Default | |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  const dropped = Object.entries(DROPPED).map(([name, why]) => `| \`${name}\` | ${why} |`);
  return `# Settings

Environment variables, or lines of \`.env\` in the working directory; the environment wins. This page is made from the one
definition of all settings (\`src/config/settings\`, see CONTRIBUTING.md). Everything that is wrong is reported at the start,
all at once, and the service does not start. Truths are \`true\`, \`yes\`, \`on\`, \`1\` or \`false\`, \`no\`, \`off\`, \`0\`; lists are
between commas. A setting marked with *file* may be given as the path of a file in \`<NAME>_FILE\` instead; what such a setting
holds is never logged. A row without words belongs to the one above.

${sections.join('\n')}
## Settings of Marzban without effect

They are accepted, and a line at the start says so.

| Setting | Why |
| --- | --- |
${dropped.join('\n')}
`;
}

function names(name: string, { aliases = [], secret }: Setting): string {
  const also = aliases.map((alias) => `, \`${alias}\``).join('');
  return `\`${name}\`${also}${secret ? ' *file*' : ''}`;
}

function values({ kind, from, to, values = [] }: Setting): string {
  if (kind === 'choice') return values.map((value) => `\`${value}\``).join(', ');
  if (kind === 'boolean') return 'truth';
  if (kind !== 'integer') return kind;
  if (from !== undefined) return `${from} to ${to}`;
  return to === undefined ? 'whole number' : `whole number up to ${to}`;
}

const filed = (): string =>
  SECTIONS.flatMap(([, settings]) => Object.entries(settings))
    .flatMap(([name, { secret }]) => (secret ? [name] : []))
    .join(', ');

const flat = (text: string): string => text.replace(/\s+/g, ' ');
const code = (text = ''): string => (text === '' ? '' : `\`${text}\``);
const cell = (text = ''): string => flat(text).replace(/[|<]/g, '\\$&');

/** As comments, broken where words end. */
function comment(text: string): string {
  const lines = [''];
  for (const word of text.split(/ |(\n)/).filter((part) => part)) {
    const line = lines.at(-1)!;
    if (word === '\n') lines.push('');
    else if (line === '') lines[lines.length - 1] = word;
    else if (line.length + word.length + 3 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.map((line) => `# ${line}`).join('\n');
}
