import type { Language } from '../language.js';
import { en } from './en.js';
import { fa } from './fa.js';
import { ru } from './ru.js';
import type { Texts } from './texts.js';
import { zh } from './zh.js';

export type { Texts } from './texts.js';

export const TEXTS: Record<Language, Texts> = { en, fa, ru, zh };
