import { listed, repr } from './text.js';
import { PyObject, type Value } from './values.js';

/** An object with fields, printed as Pydantic does. */
export class Model extends PyObject {
  constructor(
    readonly typeName: string,
    readonly fields: ReadonlyMap<string, Value>,
  ) {
    super();
  }
  repr() {
    return `${this.typeName}(${this.written(', ')})`;
  }
  override str() {
    return this.written(' ');
  }
  override attribute(name: string) {
    return this.fields.get(name);
  }
  private written(separator: string): string {
    return listed(
      [...this.fields].map(([name, value]) => `${name}=${repr(value)}`),
      separator,
    );
  }
}
