interface Started {
  readonly url: string;
  readonly data: string;
  readonly policy: string;
}

/** What to do next, for the person who just started the demo. */
export function welcome({ url, data, policy }: Started): string {
  return `
Grantlog demo: ${url}
Console:       ${url}/authz/console/   (sign in as admin)
API:           ${url}/docs   (OpenAPI: ${url}/docs-json)
Data:          ${data}
Policy:        ${policy}

Sign in (a demo: no password), assign a role, look at the record:

  TOKEN=$(curl -s ${url}/session -H 'content-type: application/json' -d '{"user":"admin"}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')

  curl -s ${url}/authz/role-assignments -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
    -d '{"assignments":[{"subject":"user^42","role":"role^library_admin","scope":"lib^lib:Org1:math"}],"reason":"starts today"}'

  curl -s '${url}/authz/audit-records?scope=lib^lib:Org1:math' -H "authorization: Bearer $TOKEN"

Ctrl-C stops it.
`;
}
