/** What a browser gets that opens the console, and loads what its page names. */
export async function consolePage(origin: string): Promise<object> {
  const { status, headers } = await fetch(`${origin}/authz/console`, { redirect: 'manual' });
  const page = await fetch(`${origin}/authz/console/`);
  const names = [...(await page.text()).matchAll(/"\.\/(assets\/[^"]+)"/g)].map(([, name]) => name);
  const assets = await Promise.all(names.map((name) => fetch(`${origin}/authz/console/${name}`)));
  return {
    led: `${status} ${headers.get('location')}`,
    page: `${page.status} ${page.headers.get('content-type')}`,
    assets: assets.map((asset) => `${asset.status} ${asset.headers.get('content-type')}`).sort(),
  };
}
