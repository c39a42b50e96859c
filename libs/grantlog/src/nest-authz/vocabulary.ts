/** What is done to a resource. */
export enum AuthActionVerb {
  CREATE = 'create',
  UPDATE = 'update',
  DELETE = 'delete',
  READ = 'read',
}

/** Any other verb that the policy knows. */
export type CustomAuthActionVerb = string;

/** Whose resources an action reaches: anybody's, the user's own (which `isOwn` answers), or either. */
export enum AuthPossession {
  ANY = 'any',
  OWN = 'own',
  OWN_ANY = 'own|any',
}

/** Actions with their possession, as they stand in a policy. */
export enum AuthAction {
  CREATE_ANY = 'create:any',
  CREATE_OWN = 'create:own',
  UPDATE_ANY = 'update:any',
  UPDATE_OWN = 'update:own',
  DELETE_ANY = 'delete:any',
  DELETE_OWN = 'delete:own',
  READ_ANY = 'read:any',
  READ_OWN = 'read:own',
}

/** Of several resources in one request: one must be permitted, or all of them. */
export enum BatchApproval {
  ANY = 'any',
  ALL = 'all',
}

/** A name, or an object whose attributes the model's matcher reads. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- an interface of the host is no Record<string, unknown>
export type AuthResource = string | Record<string, any>;

/** The subject of a request to Casbin: a name, or an object whose attributes the model's matcher reads. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export type AuthUser = string | Record<string, any>;
