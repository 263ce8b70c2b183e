import { DateTime, Environment, type Value } from '../../../jinja/index.js';
import { marzbanFilters } from './marzban.js';

/** Jinja as Marzban's operators know it, over sources by name: with its filters and `now()`, without escaping. */
export class Jinja {
  private readonly environment: Environment;

  constructor(sources: ReadonlyMap<string, string>) {
    this.environment = new Environment({
      source: (name) => sources.get(name),
      filters: marzbanFilters,
      globals: new Map<string, Value>([['now', () => DateTime.fromSeconds(Date.now() / 1000)]]),
    });
  }

  /** The text that the template makes of `values`. Throws a `JinjaError`. */
  render(name: string, values: Record<string, Value> = {}): string {
    return this.environment.render(name, new Map(Object.entries(values)));
  }
}
