import { fileURLToPath } from 'node:url';

/** The path of a file of the given installation of Marzban; the README.md there says what each holds. */
export const goldenImport = (name: string): string =>
  fileURLToPath(new URL(`../golden/import/${name}`, import.meta.url));
