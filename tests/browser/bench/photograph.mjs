/** Renders an SVG as a PNG at twice its size. */
import { chromium } from 'playwright-core';
import { CHROMIUM, SWITCHES } from '../harness/person.mjs';

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
