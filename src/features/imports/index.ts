export { isAccountedFor, type ImportReport, toJson, toMarkdown } from './domain/report.js';
export { ImportRefused } from './imports.errors.js';
export { ImportsServicesModule } from './imports-services.module.js';
export { carriedSettings, openImporter } from './open-importer.js';
export { openSource } from './source/open-source.js';
export { readSourceFiles } from './source/source-files.js';
