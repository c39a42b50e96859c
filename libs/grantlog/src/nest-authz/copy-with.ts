/**
 * A copy of a host's object, with other values for some properties. Prototype and accessors stay, so that the methods and getters
 * of a class answer as before.
 */
export function copyWith<T extends object>(given: T, values: Partial<T>): T {
  const own = { ...Object.getOwnPropertyDescriptors(given), ...Object.getOwnPropertyDescriptors(values) };
  return Object.create(Object.getPrototypeOf(given) as object, own) as T;
}
