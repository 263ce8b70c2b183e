import { fail } from './errors.js';
import type { Target } from './nodes.js';
import { Namespace, type Scope } from './runtime.js';
import { collect, PyObject, type Value } from './values.js';

/** Puts a value into what stands left of an `=`. */
export function assigner(target: Target): (scope: Scope, value: Value) => void {
  switch (target.kind) {
    case 'name': {
      const { name } = target;
      return (scope, value) => void scope.variables.set(name, value);
    }
    case 'member':
      return (scope, value) => {
        const namespace = scope.find(target.of);
        if (!(namespace instanceof Namespace)) {
          return fail('TemplateRuntimeError', 'cannot assign attribute on non-namespace object');
        }
        return namespace.members.set(target.name, value);
      };
    case 'tuple': {
      const assigners = target.items.map(assigner);
      return (scope, value) => {
        const items = collect(value);
        const wanted = `(expected ${assigners.length}`;
        if (items.length > assigners.length) fail('ValueError', `too many values to unpack ${wanted})`);
        if (items.length < assigners.length) {
          fail('ValueError', `not enough values to unpack ${wanted}, got ${items.length})`);
        }
        for (const [at, assign] of assigners.entries()) assign(scope, items[at]!);
      };
    }
  }
}

/** Whether the name stands anywhere below, but for blocks. */
export function mentions(node: unknown, name: string): boolean {
  if (Array.isArray(node)) return node.some((item) => mentions(item, name));
  if (typeof node !== 'object' || node === null || node instanceof PyObject) return false;
  const { kind, name: own } = node as { kind?: string; name?: string };
  if (kind === 'block') return false;
  if (kind === 'name' && own === name) return true;
  return Object.values(node).some((part) => mentions(part, name));
}
