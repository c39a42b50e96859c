import type { Page } from 'playwright-core';
import { focused } from './findings';

/** Goes on with Tab until something of that name has the focus, as somebody without a mouse does. */
export async function tabTo(page: Page, name: string | RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const passed = new Set<string>();
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press(key);
    const here = await focused(page);
    if (typeof name === 'string' ? here === name : name.test(here)) return;
    passed.add(here.slice(0, 60));
  }
  throw new Error(`The keyboard does not reach ${String(name)}; it went past: ${[...passed].join(' | ')}`);
}
