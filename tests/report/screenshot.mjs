// SPDX-License-Identifier: Apache-2.0
// node tests/report/screenshot.mjs REPORT.html OUT.png|OUT.pdf [WIDTH [light|dark|print [SECTION]]]: the whole report or one section
// as it is drawn, or the report as a printer gets it. For people who work on it.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Browser } from './browser.mjs';

const [report, out, width = '1280', scheme = 'light', section] = process.argv.slice(2);
if (!out) throw new Error('usage: screenshot.mjs REPORT.html OUT.png|OUT.pdf [WIDTH [light|dark|print [SECTION]]]');
const browser = new Browser();
const page = await browser.open(pathToFileURL(resolve(report)).href, { width: +width, ...(scheme === 'print' ? { media: 'print' } : { scheme }) });
await page.settle();
if (out.endsWith('.pdf')) {
  await page.print(out);
} else {
  await page.size(+width, await page.evaluate('document.documentElement.scrollHeight'));
  await page.settle();
  await page.screenshot(out, section);
}
console.log(`scroll width ${await page.evaluate('document.documentElement.scrollWidth')} of ${width}`);
for (const complaint of page.complaints) console.log(`console: ${complaint}`);
await browser.close();
