/** The browser of the tests: Debian's, unless CHROMIUM_PATH names another one. */
export const chromiumPath = process.env.CHROMIUM_PATH || '/usr/bin/chromium';
