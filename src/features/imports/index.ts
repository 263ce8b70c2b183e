export { ImportRefused } from './imports.errors.js';
