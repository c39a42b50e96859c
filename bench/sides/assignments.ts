/** What both sides are given. */
export interface Assignment {
  readonly subject: string;
  readonly role: string;
  readonly scope: string;
}

const roles = 20;
const scopes = 200;

export const roleKey = (n: number): string => `role^role-${n % roles}`;

/** `count` different assignments; those of another `space` have other subjects. */
export function assignments(space: string, count: number): Assignment[] {
  return Array.from({ length: count }, (_, n) => ({
    subject: `user^${space}-${n}`,
    role: roleKey(n),
    scope: `lib^lib:Org1:course-${n % scopes}`,
  }));
}
