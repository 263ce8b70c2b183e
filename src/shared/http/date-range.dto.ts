import { TextField } from './fields.js';

/** A range of time in a query, as `readDateRange` reads it. */
export class DateRangeDto {
  @TextField({ default: '', description: 'ISO 8601, UTC without an offset; by default 30 days ago.' })
  start!: string;

  @TextField({ default: '', description: 'ISO 8601, UTC without an offset; by default now.' })
  end!: string;
}
