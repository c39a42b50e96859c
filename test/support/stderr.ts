/**
 * What is written to stderr while the work goes on; it is not shown.
 * @param hear is told of each piece at once
 */
export async function stderrOf(work: () => Promise<unknown>, hear?: (text: string) => void): Promise<string> {
  const written: string[] = [];
  const spy = jest.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    written.push(String(chunk));
    hear?.(String(chunk));
    return true;
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return written.join('');
}

/** What Grantlog said in it, line by line. */
export function said(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('grantlog: '))
    .map((line) => line.slice('grantlog: '.length));
}
