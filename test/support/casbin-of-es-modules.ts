import { join } from 'node:path';
import type * as casbin from 'casbin';

type Casbin = typeof casbin;

const file = join(__dirname, '..', '..', 'node_modules', 'casbin', 'lib', 'esm', 'index.mjs');

/** The classes and functions that `import … from 'casbin'` gives ES modules: others than those that Grantlog requires. */
export const casbinOfEsModules = jest.requireActual<Casbin>(file);

/** A copy of the package whose enforcers lack a method, as those of another release may. */
export function casbinWithout(method: string): Casbin {
  let copy: Casbin | undefined;
  jest.isolateModules(() => (copy = jest.requireActual(file)));
  if (!copy) throw new Error(`${file} was not loaded`);
  for (let type: object = copy.Enforcer.prototype; type; type = Object.getPrototypeOf(type) as object) {
    Reflect.deleteProperty(type, method);
  }
  return copy;
}
