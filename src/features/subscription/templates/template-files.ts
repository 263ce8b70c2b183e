import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

const MAX_BYTES = 1024 * 1024;
/** Far more than there are templates; a wrong folder may hold anything. */
const MAX_FILES = 1000;

export interface TemplateFile {
  path: string;
  /** Relative to the folder, with slashes. */
  name: string;
  size: number;
  /** When its content or its mode last changed. */
  changedMs: number;
}

/** A file that is not used, and why. */
export interface Unread {
  name: string;
  reason: string;
}

/**
 * The files in the folder and those below it, in the order of their names, and what cannot be used. Links are followed,
 * also to folders, as Jinja does and as mounted config maps need it. Throws when there is no such folder.
 */
export async function findTemplates(directory: string): Promise<{ files: TemplateFile[]; unread: Unread[] }> {
  const files: TemplateFile[] = [];
  const unread: Unread[] = [];

  async function walk(folder: string, prefix: string, above: readonly string[]): Promise<void> {
    const real = await realpath(folder);
    if (above.includes(real)) return; // a link back to where we come from
    for (const entry of (await readdir(folder)).sort()) {
      const [path, name] = [join(folder, entry), prefix + entry];
      try {
        const { size, ctimeMs: changedMs, ...facts } = await factsOf(path);
        if (facts.isFolder) await walk(path, `${name}/`, [...above, real]);
        else if (!facts.isFile) unread.push({ name, reason: 'it is no file' });
        else if (size > MAX_BYTES) unread.push({ name, reason: `it has more than ${MAX_BYTES} bytes` });
        else if (files.length >= MAX_FILES) throw new TooManyFiles();
        else files.push({ path, name, size, changedMs });
      } catch (error) {
        if (error instanceof TooManyFiles) throw error;
        unread.push({ name, reason: (error as Error).message });
      }
    }
  }

  await walk(directory, '', []);
  return { files, unread };
}

/** The sources by name, without those that could not be read. */
export async function readTemplates(
  files: readonly TemplateFile[],
): Promise<{ sources: Map<string, string>; unread: Unread[] }> {
  const sources = new Map<string, string>();
  const unread: Unread[] = [];
  for (const { path, name } of files) {
    try {
      sources.set(name, await readFile(path, 'utf8'));
    } catch (error) {
      unread.push({ name, reason: (error as Error).message });
    }
  }
  return { sources, unread };
}

class TooManyFiles extends Error {
  constructor() {
    super(`there are more than ${MAX_FILES} files in it`);
  }
}

async function factsOf(path: string) {
  const facts = await stat(path); // also of what a link leads to
  return { size: facts.size, ctimeMs: facts.ctimeMs, isFolder: facts.isDirectory(), isFile: facts.isFile() };
}
