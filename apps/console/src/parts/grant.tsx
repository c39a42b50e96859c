import { Key } from './key';

interface GrantProps {
  readonly subject: string;
  readonly role: string;
  readonly scope: string | null;
  readonly verb: string;
}

/** `user^42 gets role^library_admin in lib^lib:Org1:math` */
export function Grant({ subject, role, scope, verb }: GrantProps) {
  return (
    <>
      <Key of={subject} /> <strong>{verb}</strong> <Key of={role} />
      {scope && (
        <>
          {' '}
          in <Key of={scope} />
        </>
      )}
    </>
  );
}
