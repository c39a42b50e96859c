/** What both sides are given. */
export interface Assignment {
  readonly subject: string;
  readonly role: string;
  readonly scope: string;
}

/** All the assignments of an organisation. */
export interface Crowd {
  /** A power of ten, or 0. Every subject has ten of them. */
  readonly rules: number;
  /** Divides `rules`. Twenty make an Org. */
  readonly scopes: number;
  /** One scope of each Org is all of that Org. */
  readonly globs?: boolean;
}

/** What every role may do; nothing else is granted to anyone. */
export const granted = 'read';

const roles = 20;
const scopes = 200;
const rulesEach = 10;
const scopesOfAnOrg = 20;

/** Not divisible by 2 or 5, so that its multiples pass through every number below a power of ten, far apart. */
const stride = 611_953;

export const roleKey = (n: number): string => `role^role-${n % roles}`;

/** One for each role. */
export const rolePolicies = (): string[][] => Array.from({ length: roles }, (_, n) => [roleKey(n), granted, '*']);

/** `count` different assignments; those of another `space` have other subjects. */
export function assignments(space: string, count: number): Assignment[] {
  return Array.from({ length: count }, (_, n) => ({
    subject: `user^${space}-${n}`,
    role: roleKey(n),
    scope: `lib^lib:Org1:course-${n % scopes}`,
  }));
}

/** All of them; generated, because a million are not to lie about in the memory of whoever passes them on. */
export function* crowd(known: Crowd): Generator<Assignment> {
  for (let place = 0; place < known.rules; place++) yield crowdMember(known, place);
}

/**
 * In an order as years leave it: what belongs to one subject or to one scope is scattered, so that any stretch is a fair sample.
 * @param place from 0, below `rules`
 */
export function crowdMember({ rules, scopes, globs = false }: Crowd, place: number): Assignment {
  const n = (place * stride) % rules;
  const course = n % scopes;
  const everything = globs && course % scopesOfAnOrg === 0;
  return {
    subject: `user^crowd-${Math.floor(n / rulesEach)}`,
    // With each pass through the scopes the next role, or a scope would know one role only.
    role: roleKey(n + Math.floor(n / scopes)),
    scope: `lib^lib:Org${Math.floor(course / scopesOfAnOrg)}:${everything ? '*' : `course-${course}`}`,
  };
}
