/** Who made a request, as the guard found out. */
export interface SignedIn {
  /** Namespaced key, such as `user^admin`. */
  readonly key: string;
}

/** Always exists and may do everything, whatever the policy says. */
export const adminName = 'admin';
export const adminKey = `user^${adminName}`;
