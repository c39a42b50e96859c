import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** What axe finds serious or critical on the page as it is, one line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
}

/** The same in light and in dark. */
export async function seriousFindingsInBoth(page: Page): Promise<string[]> {
  const findings: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    findings.push(...(await seriousFindings(page)).map((finding) => `${colorScheme}: ${finding}`));
  }
  return findings;
}

/** By how many pixels the page, or a dialog on it, is wider than what it has. */
export const sidewaysScroll = (page: Page): Promise<number> => page.evaluate(widest);

const widest = `Math.max(...[document.documentElement, ...document.querySelectorAll('main, dialog[open], dialog[open] > *')]
  .map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth))`;

/** What has the focus, as it is called: by its label, or by what it says. */
export const focused = (page: Page): Promise<string> => page.evaluate(nameOfFocus);

const nameOfFocus = `(() => {
  const element = document.activeElement;
  const label = element?.labels?.[0]?.textContent ?? element?.getAttribute('aria-label') ?? element?.textContent;
  return (label ?? '').replace(/\\s+/g, ' ').trim();
})()`;
