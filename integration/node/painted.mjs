// How long it takes from a click to the painted chart: node painted.mjs URL addresses.json. Prints a list of {url, answered, drawn, painted} in milliseconds.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [base, list] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage({ baseURL: base, viewport: { width: 1440, height: 900 } });
const quiet = () => page.waitForFunction(() => document.querySelector('figure.beat') && !document.querySelector('main [aria-busy="true"], main .waiting'), null, { polling: 50 });
await page.goto('/explore');
await quiet();
const all = [];
for (const address of JSON.parse(readFileSync(list, 'utf8'))) {
  all.push(await page.evaluate((to) => new Promise((resolve, reject) => {
    const chart = document.querySelector('figure.beat').closest('.pane');
    let began, asked = false;
    const patience = setTimeout(() => reject(new Error('nothing was drawn: ' + to)), 30_000);
    // The chart's pane is busy as long as it shows the former answer.
    const watch = new MutationObserver(() => {
      if (chart.getAttribute('aria-busy') === 'true') { asked = true; return; }
      if (!asked) return;
      watch.disconnect();
      clearTimeout(patience);
      const drawn = performance.now() - began;
      requestAnimationFrame(() => { // a message that is sent before a frame is taken after it was painted
        const after = new MessageChannel();
        after.port1.onmessage = () => {
          const painted = performance.now() - began;
          const answers = performance.getEntriesByType('resource').filter((r) => r.name.includes('/api/v1/series?') );
          resolve({ url: to, answered: Math.max(...answers.map((r) => r.responseEnd)) - began, drawn, painted });
        };
        after.port2.postMessage(0);
      });
    });
    watch.observe(chart, { attributes: true, attributeFilter: ['aria-busy'] });
    performance.clearResourceTimings();
    began = performance.now();
    history.pushState(null, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
  }), address));
  await quiet();
}
await browser.close();
console.log(JSON.stringify(all));
