import { chromium } from 'playwright-core';
import { CHROMIUM, SWITCHES } from '../harness/person.mjs';

/** Turns a drawing into a PNG, twice as fine. */
export async function photograph(svg, path) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: SWITCHES });
  try {
    const page = await browser.newPage({ deviceScaleFactor: 2 });
    await page.setContent(`<body style="margin:0">${svg}`);
    await page.locator('svg').screenshot({ path });
  } finally {
    await browser.close();
  }
}
