// Uses the console's page as people do, in Chromium: node console.mjs URL. Prints a line of JSON for each step.
//
//   OTLP      URL of the collector's OTLP receiver over HTTP, for the steps that send a request
//   STEPS     comma-separated; none: all that need nothing but the demo
//   TOKEN     the token that the steps benign and taken are about
//   BEGAN     when the collector was started, in milliseconds of the clock; for the step visit
//   SHOTS     a folder for screenshots; none: none are taken
//   ALL       each theme at each width
//   CHROMIUM  the browser
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const base = process.argv[2], shots = process.env.SHOTS || '';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const desktop = { width: 1440, height: 900 }, phone = { width: 390, height: 844 };
const patience = 60_000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

// open gives a page whose every complaint is kept: nothing of what people do may make one.
const complaints = [];
async function open({ viewport = desktop, colorScheme = 'light', ...more } = {}) {
  const context = await browser.newContext({ baseURL: base, viewport, colorScheme, acceptDownloads: true, ...more });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') complaints.push(`${page.url()}: ${m.text()} ${(m.location() || {}).url || ''}`); });
  page.on('pageerror', (e) => complaints.push(`${page.url()}: ${e.stack || e.message}`));
  return page;
}

const ask = async (path, init) => {
  const response = await fetch(base + path, init);
  const text = await response.text();
  assert.ok(response.ok, `${path}: ${response.status} ${text.slice(0, 300)}`);
  return text ? JSON.parse(text) : {};
};
const me = () => ask('/api/v1/me');
const settled = (page) => page.waitForFunction(() => document.querySelector('main h1') && !document.querySelector('main .waiting, main [aria-busy="true"]'));
const rows = (page) => page.locator('.tokens tbody tr[data-row]');
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
const until = async (what, seen) => {
  for (const end = Date.now() + patience; Date.now() < end;) {
    const found = await seen();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return assert.fail('gave up waiting for ' + what);
};

// anomalous is the token whose latest anomaly is the gravest.
async function anomalous() {
  const { anomalies } = await ask('/api/v1/anomalies?from=-30d&limit=200');
  const of = (severity) => anomalies.find((a) => a.severity === severity && a.token && a.contributions.some((c) => c.nats));
  return of('ERROR') || of('WARN') || assert.fail('there is no anomaly with evidence');
}

const pages = async () => {
  const anomaly = await anomalous();
  return {
    overview: '/', explore: '/explore?group=route&from=-7d', token: `/token/${anomaly.token}?from=-7d`, anomaly: `/anomaly/${anomaly.id}`, anomalies: '/anomalies?from=-30d', response: '/response',
    hygiene: '/hygiene', coverage: '/coverage?from=-7d', limits: '/limits', plans: '/plans', routes: '/routes', capacity: '/capacity', spend: '/spend',
  };
};

const steps = {
  // Nothing has arrived: the page says what to do, and plays the demo.
  async empty() {
    const page = await open();
    await page.goto('/');
    await page.getByRole('heading', { name: 'No token has been seen yet' }).waitFor();
    for (const [button, part] of [['Node', 'headersToSpanAttributes'], ['Python', 'HEADERS_SERVER_REQUEST'], ['Java', '-javaagent'], ['Go', 'SetAttributes'], ['Gateway', 'filelog'], ['Only curl', '/v1/traces']]) {
      await page.getByRole('button', { name: button, exact: true }).click();
      await page.locator('.code .copy').last().click();
      const copied = await page.locator('.code pre').allInnerTexts();
      assert.ok(copied.join('\n').includes(part), `${button} shows ${part}`);
      assert.equal(await clipboard(page), copied.at(-1).trimEnd() + '\n', `${button} copies what it shows`);
    }
    if (process.env.OTLP) assert.ok((await page.locator('main').innerText()).includes(process.env.OTLP), 'the page says where to send');
    await picture(page, 'empty');
    await accessible(page, 'empty');
    await page.getByRole('button', { name: 'Play the demo' }).click();
    await rows(page).first().waitFor({ timeout: 4 * patience });
    await until('the past of the demo to be told', async () => Date.now() - Date.parse((await ask('/api/v1/tokens?sort=-last_used&limit=1')).tokens[0].last_use.at) < 10 * 60_000);
    await until('what was stolen to be noticed', async () => (await ask('/api/v1/anomalies?from=-30d')).anomalies.length > 0);
    await page.getByRole('region', { name: 'Demo traffic' }).waitFor();
    await page.context().close();
  },

  // Filter, sort, search and walk through the list.
  async overview() {
    const page = await open();
    await page.goto('/');
    await settled(page);
    assert.ok(await rows(page).count() > 5);
    assert.equal(await page.locator('.tokens tbody tr[data-row] .demo').count(), await rows(page).count(), 'all that the demo plays is marked');

    const { tokens } = await ask('/api/v1/tokens?limit=500');
    const owner = tokens.find((t) => t.owner_name) || tokens.find((t) => t.owner_id) || tokens[0];
    if (owner.owner_id) {
      await page.getByRole('button', { name: '+ filter' }).click();
      await page.locator('.adder select').selectOption('owner');
      await page.locator('.adder input').fill(owner.owner_name || owner.owner_id);
      await page.locator('.adder .choices button').first().click();
      await page.waitForURL((url) => url.searchParams.get('owner') === owner.owner_id);
      const wanted = tokens.filter((t) => t.owner_id === owner.owner_id).length;
      await until('the filtered list', async () => await rows(page).count() === wanted);
      await page.getByRole('button', { name: 'remove owner ' + owner.owner_id }).click();
      await until('the whole list', async () => await rows(page).count() > wanted || wanted === tokens.length);
    }

    await page.getByRole('button', { name: /key/ }).first().click();
    await page.waitForURL((url) => /hint/.test(url.searchParams.get('sort')));
    await page.goBack();
    await page.waitForURL((url) => !url.searchParams.get('sort'));

    await page.getByRole('button', { name: 'hide', exact: true }).click();
    await page.getByText('No token meets this filter in this time.').waitFor();
    await page.getByRole('button', { name: 'show', exact: true }).click();
    await rows(page).first().waitFor();

    await page.keyboard.press('j');
    await page.keyboard.press('j');
    const name = await page.evaluate(() => document.activeElement.textContent);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await page.goBack();
    await rows(page).first().waitFor();

    await page.keyboard.press('/');
    await page.keyboard.type(owner.hint || owner.id);
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/token\//);

    // A search without a choice is a filter as any other: it is seen, the stream follows it, and it can be taken away.
    await page.goto('/');
    await settled(page);
    const turned = page.waitForRequest((r) => new URL(r.url()).pathname === '/api/v1/stream' && new URL(r.url()).searchParams.has('q'));
    const sought = owner.hint || owner.id, { total: hits } = await ask('/api/v1/tokens?q=' + encodeURIComponent(sought));
    await page.keyboard.press('/');
    await page.keyboard.type(sought);
    await page.keyboard.press('Enter');
    await page.locator('.chip', { hasText: sought }).waitFor();
    await until('what was found', async () => await rows(page).count() === hits);
    assert.equal(new URL((await turned).url()).searchParams.get('q'), sought);
    await page.getByRole('button', { name: 'remove search ' + sought }).click();
    await page.waitForURL((url) => !url.searchParams.has('q'));
    await page.goto(`/?q=${encodeURIComponent(sought)}&direction=inbound`);
    await page.getByRole('button', { name: 'clear', exact: true }).click();
    await page.waitForURL((url) => !url.search);
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.waitForURL(/\/explore/);
    await page.keyboard.press('t');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
    await page.keyboard.press('t');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
    await page.reload();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark', 'the theme is kept');
    await page.context().close();
  },

  // Group, drill down, zoom and export; what the page shows is what the API says.
  async explore() {
    const page = await open();
    await page.goto('/explore?from=-7d&group=country');
    await settled(page);
    const top = await ask('/api/v1/top?from=-7d&group=country');
    const table = page.locator('main .tablebox').first();
    const row = table.locator('tbody tr').first();
    const shown = Number(await row.locator('[data-label="requests"] [title]').getAttribute('title').then((t) => t.replaceAll(',', '')));
    assert.ok(Math.abs(shown - top.rows[0].value) <= top.rows[0].value * 0.02 + 100, `the first country has ${top.rows[0].value} requests, the page says ${shown}`);
    await row.getByRole('link').first().click();
    await page.waitForURL((url) => url.searchParams.get('country') === top.rows[0].key);
    await settled(page);
    await page.getByLabel(/remove country/).waitFor();
    assert.equal(await table.locator('tbody tr').count(), 1, 'only that country is left');

    await page.getByLabel(/remove country/).click();
    await page.locator('.controls select').nth(1).selectOption('route');
    await page.waitForURL((url) => url.searchParams.get('group') === 'route');
    await settled(page);
    const slider = page.getByRole('slider').first();
    await slider.focus();
    await page.keyboard.press('ArrowLeft');
    assert.match(await slider.getAttribute('aria-valuetext'), /UTC: .*requests/);
    await page.keyboard.press('+');
    await page.waitForURL((url) => /Z$/.test(url.searchParams.get('to') || ''));
    await settled(page);

    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export CSV' }).click()]);
    const text = readFileSync(await download.path(), 'utf8').trim().split('\n');
    assert.ok(text.length > 2 && text[0].includes(','), 'the export has rows');
    await page.getByRole('button', { name: /copy .* as CSV/ }).first().click();
    await until('the copy', async () => (await clipboard(page)).includes('route,requests'));
    await page.getByRole('button', { name: /copy .* as curl/ }).first().click();
    const curl = await until('the call', async () => { const c = await clipboard(page); return c.startsWith('curl') && c; });
    await ask(new URL(curl.match(/'(.*)'/)[1]).pathname + new URL(curl.match(/'(.*)'/)[1]).search);
    await page.context().close();
  },

  // Whose is it, is it all right, what changed; then say that it was benign, and see that it is taken.
  async token() {
    const page = await open();
    const anomaly = await anomalous();
    const { token } = await ask('/api/v1/tokens/' + anomaly.token);
    await page.goto(`/token/${anomaly.token}?from=-7d`);
    await settled(page);
    const text = await page.locator('main').innerText();
    for (const part of [token.hint, token.owner_name || 'Nobody is known to own it', 'What you can do', 'Normal life, and now']) assert.ok(text.includes(part), 'the page says ' + part);
    const places = ['last used', 'Heartbeat', 'What you can do', 'Anomalies', 'Normal life, and now', 'Releases along time'].map((part) => text.indexOf('\n' + part));
    assert.deepEqual(places, [...places].sort((a, b) => a - b), 'in the order of the questions');

    const cell = page.locator('[role="grid"]').first().locator('[role="gridcell"][tabindex="0"]');
    await cell.focus();
    const before = await page.locator('.weeks .said').innerText();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await until('the cursor to move', async () => await page.locator('.weeks .said').innerText() !== before);

    await page.goto('/anomaly/' + anomaly.id);
    await settled(page);
    assert.ok((await page.locator('.why tbody tr').count()) >= 1, 'the evidence is shown in words');
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Incident file' }).click()]);
    const incident = readFileSync(await file.path(), 'utf8');
    assert.ok(incident.includes(token.hint) && !/<script/i.test(incident), 'the incident file stands for itself');

    await page.getByRole('button', { name: 'Benign' }).click();
    await page.getByText('Said: benign').waitFor();
    const feedback = await until('the answer to be kept', async () => (await ask('/api/v1/anomalies/' + anomaly.id)).feedback[0]);
    assert.match(JSON.stringify(feedback), /benign/);
    const beat = await ask(`/api/v1/tokens/${anomaly.token}/heartbeat?from=-7d`);
    assert.ok(beat.marks.some((m) => m.kind === 'feedback'), 'it stands on the heartbeat');
    await page.goto('/anomalies?from=-30d');
    await page.getByText(/said benign/).first().waitFor();
    await page.context().close();
  },

  // Every page, in both themes and two widths: no violation of accessibility, nothing that overflows.
  async pages() { await inspect(await pages()); },

  // Whatever the pages offer to filter by, to count, to open and to fetch is answered.
  async filters() {
    const page = await open();
    const at = await pages();
    const answered = async (what) => {
      await settled(page);
      assert.equal(await page.locator('main .trouble').count(), 0, `${what}: ${await page.locator('main .trouble').allInnerTexts()}`);
      assert.deepEqual(complaints, [], what);
    };
    const seen = new Set();
    const fetched = async (what) => {
      for (const href of await page.locator('main a[href^="/api/"]').evaluateAll((all) => all.map((a) => a.getAttribute('href')))) {
        const url = new URL(href, base), kind = url.pathname + [...url.searchParams].map(([name, value]) => name + (['what', 'format', 'measure', 'group'].includes(name) ? value : '')).sort();
        if (seen.has(kind)) continue;
        seen.add(kind);
        const response = await fetch(url);
        assert.ok(response.ok, `${what}: ${href}: ${response.status} ${response.ok || await response.text()}`);
        await response.body.cancel();
      }
    };
    const filter = async (path, name) => {
      await page.goto(path);
      await settled(page);
      await page.getByRole('button', { name: '+ filter' }).click();
      const names = await page.locator('.adder select option').evaluateAll((all) => all.map((o) => o.value));
      if (!name) return names;
      await page.locator('.adder select').selectOption(name);
      await page.locator('.adder .choices[aria-busy=false]').waitFor({ state: 'attached' });
      const choice = page.locator('.adder .choices button').first();
      if (await choice.count()) await choice.click();
      else { // nobody has one: it can be typed
        await page.locator('.adder input').fill(name === 'tag' ? 'plan:none' : 'none');
        await page.keyboard.press('Enter');
      }
      await page.waitForURL((url) => url.searchParams.has(name)).catch(async (e) => assert.fail(`${path}, filtered by ${name}: ${e.message}; at ${page.url()}: ${await page.locator('.adder').evaluateAll((all) => all.map((a) => a.outerHTML))}`));
      await answered(`${path}, filtered by ${name}`);
      return names;
    };
    let filters = 0;
    for (const name of ['overview', 'explore', 'anomalies', 'hygiene', 'coverage', 'limits', 'plans', 'routes', 'capacity', 'spend']) {
      for (const by of await filter(at[name])) {
        await filter(at[name], by);
        await fetched(`${name}, filtered by ${by}`);
        filters++;
      }
    }
    assert.ok(filters > 50, 'filters were offered: ' + filters);

    const enabled = (n) => page.locator('.controls select').nth(n).locator('option:not([disabled])').evaluateAll((all) => all.map((o) => o.value));
    let questions = 0;
    for (const chip of ['', '&country=DE', '&route=GET+/v1/orders', '&unit=none', '&owner=none', '&owner=none&outcome=success']) {
      for (const measure of ['requests', 'errors', 'bytes_in', 'time_spent', 'p95', 'tokens', 'units', 'cost']) {
        await page.goto(`/explore?from=-7d&measure=${measure}${chip}`);
        await settled(page);
        if (!(await enabled(0)).includes(measure)) { complaints.length = 0; continue; } // and it is said why it is not answered
        await answered(page.url());
        await fetched(page.url());
        for (const group of await enabled(1)) {
          await ask(`/api/v1/series?from=-7d&limit=1&measure=${measure}&group=${encodeURIComponent(group)}${chip}`);
          questions++;
        }
      }
    }
    assert.ok(questions > 100, 'groups were offered: ' + questions);

    await page.goto('/explore?from=-7d&country=DE');
    await page.getByRole('link', { name: 'anomalies, whatever the country' }).click();
    await page.waitForURL(/\/anomalies/);
    await answered('anomalies from Explore');
    for (const [n, control] of ['what', 'severity'].entries()) {
      await page.goto('/anomalies?from=-30d');
      await settled(page);
      await page.locator('.controls select').nth(n).selectOption({ index: 1 });
      await answered('anomalies by ' + control);
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export JSONL' }).click()]);
      assert.equal(await download.failure(), null);
      assert.match(download.suggestedFilename(), /^holter-anomalies-.*\.jsonl$/);
    }
    for (const mode of ['hide', 'only']) {
      await page.goto('/coverage?from=-7d&demo=' + mode);
      await answered('coverage, demo ' + mode);
      assert.equal(await page.locator('main tbody tr').count() > 0, mode === 'only', 'all that is covered is the demo');
    }
    await page.context().close();
    return { filters, questions };
  },

  // A request's token is on the page within two seconds of its arrival.
  async live() {
    const page = await open();
    await page.goto('/?sort=-last_used');
    await settled(page);
    await page.locator('.pulse.open').waitFor();
    const key = 'acme_live_' + randomBytes(16).toString('hex');
    const send = async () => {
      const now = Date.now();
      const attribute = (name, value) => ({ key: name, value });
      const response = await fetch(process.env.OTLP + '/v1/traces', {
        method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ resourceSpans: [{ resource: { attributes: [attribute('service.name', { stringValue: 'orders' })] }, scopeSpans: [{ spans: [{
          traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex'), name: 'GET /v1/orders', kind: 2,
          startTimeUnixNano: `${now - 5}000000`, endTimeUnixNano: `${now}000000`,
          attributes: [attribute('http.request.method', { stringValue: 'GET' }), attribute('http.route', { stringValue: '/v1/orders' }), attribute('http.response.status_code', { intValue: '200' }),
            attribute('client.address', { stringValue: '81.2.69.160' }), attribute('http.request.header.x-api-key', { arrayValue: { values: [{ stringValue: key }] } })],
        }] }] }] }),
      });
      assert.ok(response.ok, 'the collector takes the span: ' + response.status);
      return [now, Date.now()];
    };
    const shown = (at) => page.waitForFunction(([name, least]) => [...document.querySelectorAll('.tokens tr[data-row]')].some((row) => row.textContent.includes(name)
      && Date.parse((row.querySelector('.last time') || {}).dateTime) >= least), ['…' + key.slice(-4), at], { polling: 20 });
    const times = [];
    for (let i = 0; i < 4; i++) {
      const [at, arrived] = await send();
      await shown(at);
      times.push(Date.now() - arrived);
    }
    assert.ok(Math.max(...times.slice(1)) < 10_000, 'the last use is told while it happens: ' + times); // what is fast is measured, not asserted
    assert.ok(!(await page.content()).includes(key), 'the page holds no secret');
    await page.context().close();
    return { 'last use on the page (ms)': times };
  },

  // One click takes the demo away.
  async remove() {
    const page = await open();
    await page.goto('/');
    await page.getByRole('button', { name: 'Remove the demo' }).click();
    await page.getByRole('region', { name: 'Demo traffic' }).waitFor({ state: 'hidden' });
    const { tokens } = await ask('/api/v1/tokens?demo=only');
    assert.equal(tokens.length, 0);
    await page.context().close();
  },
};

// errands are steps of other tests, which have sent what they are about.
const errands = {
  // The pages that say what to do, where there is something to be done.
  async estate() {
    const from = process.env.FROM, to = process.env.TO, when = `from=${from}&to=${to}`;
    await inspect({
      hygiene: '/hygiene?days=14', limits: `/limits?${when}`, plans: `/plans?${when}`, routes: `/routes?${when}`, capacity: `/capacity?${when}`, spend: `/spend?${when}`,
      coverage: `/coverage?${when}`, filtered: `/explore?${when}&owner=elm&group=token`,
    });
    // What is looked at is in the address: a reload shows the same.
    const page = await open();
    await page.goto(`/explore?${when}&owner=elm&country=SE&group=token&measure=requests`);
    await settled(page);
    const chips = await page.locator('.chips .chip').allInnerTexts(), list = await page.locator('main .tablebox').first().locator('tbody tr').allInnerTexts();
    assert.equal(chips.length, 2);
    assert.ok(list.length > 2);
    await page.reload();
    await settled(page);
    assert.deepEqual(await page.locator('.chips .chip').allInnerTexts(), chips);
    assert.equal(await page.locator('main .tablebox').first().locator('tbody tr').count(), list.length);
    await page.context().close();
  },

  // Somebody who has only the binary: the page says what to do, they do it with an app of their own, and see its token.
  async visit() {
    const page = await open(), opened = Date.now();
    await page.goto('/');
    await page.getByRole('heading', { name: 'No token has been seen yet' }).waitFor();
    await page.getByRole('button', { name: 'Node', exact: true }).click();
    const copied = [];
    for (const code of await page.locator('.code').all()) {
      const shown = await code.locator('pre').innerText();
      await code.locator('.copy').click();
      copied.push(await until('the snippet to be copied', async () => { const text = await clipboard(page); return text.trim() === shown.trim() && text; }));
    }
    const [tracing, run] = copied;
    const read = Date.now();

    const folder = mkdtempSync(join(tmpdir(), 'visit-'));
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules')); // npm install, as the snippet says
    writeFileSync(join(folder, 'package.json'), '{"name": "orders", "type": "commonjs"}');
    writeFileSync(join(folder, 'tracing.cjs'), tracing);
    writeFileSync(join(folder, 'app.js'), `
      const server = require('node:http').createServer((req, res) => res.end(JSON.stringify({ orders: [] })));
      server.listen(0, '127.0.0.1', () => console.log(server.address().port));`);
    const app = spawn('sh', ['-c', run], { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    const key = 'acme_live_' + randomBytes(16).toString('hex');
    try {
      const port = await new Promise((resolve, reject) => { app.stdout.once('data', (text) => resolve(Number(text))); app.once('exit', (code) => reject(new Error('the app ended: ' + code))); });
      const answer = await fetch(`http://127.0.0.1:${port}/v1/orders`, { headers: { 'x-api-key': key, 'user-agent': 'first-visit/1.0' } });
      assert.ok(answer.ok);
      const called = Date.now();
      const row = rows(page).filter({ hasText: '…' + key.slice(-4) });
      await row.waitFor();
      const seen = Date.now();
      await row.locator('a[data-j]').click();
      await page.getByRole('heading', { level: 1, name: '…' + key.slice(-4) }).waitFor();
      await page.getByText('first-visit').first().waitFor();
      assert.ok(!(await page.content()).includes(key), 'the page holds no secret');
      const seconds = (from, to) => Math.round((to - from) / 100) / 10;
      return { 'seconds from the start of the binary to the own token': seconds(Number(process.env.BEGAN), seen), 'page read': seconds(opened, read), 'app up and called': seconds(read, called), 'token on the page': seconds(called, seen) };
    } finally {
      try { process.kill(-app.pid); } catch { /* it has ended */ }
      await page.context().close();
      rmSync(folder, { recursive: true, force: true });
    }
  },

  // A person looks at the anomaly of a token, says that it was benign, and sees the page take it.
  async benign() {
    const page = await open();
    const token = process.env.TOKEN;
    await page.goto(`/token/${token}?from=-30d`);
    await settled(page);
    assert.match(await page.locator('.verdict .state').innerText(), /alert/i);
    assert.ok(await page.locator('.verdict .meter.full').count(), 'the evidence is full');
    await page.locator('.events a[data-j]').first().click();
    await page.waitForURL(/\/anomaly\//);
    await settled(page);
    await page.getByRole('button', { name: 'Benign' }).click();
    await page.getByText('Said: benign').waitFor();
    await page.goto(`/token/${token}?from=-30d`);
    await page.locator('.verdict.v-ok').waitFor();
    await page.waitForFunction(() => { const gauge = document.querySelector('.verdict .gauge'); return gauge && Number(gauge.getAttribute('aria-valuenow')) < Number(gauge.getAttribute('aria-valuemax')); });
    assert.equal(await page.locator('.verdict .meter.full').count(), 0, 'the evidence is gone');
    await page.context().close();
  },

  // A rule has proposed a lock. Who only reads cannot answer it; who may sees what it would break and what would be sent, and approves it.
  async approval() {
    const reader = await enter('rita', '/anomaly/' + process.env.ANOMALY);
    const part = (page) => page.getByRole('region', { name: 'Response' });
    await part(reader).getByText('Acts need the role respond').waitFor();
    for (const button of await part(reader).getByRole('button').all()) assert.ok(await button.isDisabled() || /copy/.test(await button.innerText()), 'a reader presses nothing: ' + await button.innerText());
    const refused = await reader.evaluate(async (id) => (await fetch('/api/v1/tokens/' + id + '/acts', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': (await (await fetch('/api/v1/me')).json()).csrf }, body: '{"action":"lock"}' })).status, process.env.TOKEN);
    assert.equal(refused, 403);
    complaints.length = 0; // the browser tells of the refusal
    await reader.context().close();

    const page = await enter('rob', '/anomaly/' + process.env.ANOMALY);
    await part(page).locator('.act1.s-proposed').waitFor();
    await looks(page, 'proposed');
    await part(page).getByRole('button', { name: 'Restrict …' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('What it would keep').waitFor();
    await dialog.locator('.grant').waitFor();
    await dialog.getByText(/grants\/key_|cannot be said/).waitFor();
    await looks(page, 'restrict');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await part(page).getByRole('button', { name: 'Lock …' }).click();
    await dialog.getByText(/would have refused all \d+ requests/).waitFor();
    await dialog.locator('.sent').getByText(/PUT .*\/locks\/key_/).waitFor();
    await looks(page, 'lock');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await part(page).getByRole('button', { name: 'Approve' }).click();
    await part(page).locator('.act1.s-proven').waitFor();
    for (const what of ['waits', 'proven']) await part(page).locator('.timeline .h-act').getByText(what).first().waitFor();
    await part(page).locator('.timeline').getByText(/rob approves/).waitFor();
    await looks(page, 'proven');
    await part(page).getByRole('button', { name: 'Acknowledge' }).click();
    await part(page).locator('.i-acknowledged').waitFor();
    await page.context().close();
  },

  // It is taken back, and the incident is over.
  async undo() {
    const page = await enter('rob', '/token/' + process.env.TOKEN);
    const part = page.getByRole('region', { name: 'Response' });
    await part.getByRole('button', { name: /Undo/ }).click();
    await part.locator('.act1.s-undone').waitFor();
    await part.getByRole('button', { name: 'Resolve' }).click();
    await part.locator('.i-resolved').waitFor();
    await page.getByText('Audit: who did what about this token').click();
    await page.getByRole('region', { name: 'Audit' }).getByText(/rob takes back: lock at gate/).waitFor();
    await looks(page, 'undone');
    await page.context().close();
  },

  // A proposal is refused: it says who did, cannot be approved any more, and the audit knows.
  async refusal() {
    const page = await enter('rob', '/anomaly/' + process.env.ANOMALY);
    const part = page.getByRole('region', { name: 'Response' });
    await part.locator('.act1.s-proposed').waitFor();
    await part.getByRole('button', { name: 'Refuse' }).click();
    await part.locator('.act1.s-refused').waitFor();
    assert.equal(await part.getByRole('button', { name: 'Approve' }).count(), 0, 'what is refused is over');
    await part.locator('.timeline').getByText(/rob refuses/).waitFor();
    await looks(page, 'refused');
    await page.goto('/token/' + process.env.TOKEN);
    await page.getByText('Audit: who did what about this token').click();
    await page.getByRole('region', { name: 'Audit' }).getByText(/rob refuses/).waitFor();
    await page.context().close();
  },

  // All acts are stopped, which everybody sees, and go again.
  async stop() {
    const page = await enter('ada', '/response');
    await page.getByRole('button', { name: 'Stop all acts' }).click();
    await page.getByRole('alert').getByText(/All acts on tokens are stopped by ada/).waitFor();
    await looks(page, 'stopped');
    await page.getByRole('button', { name: 'Let acts go again' }).click();
    await page.getByRole('button', { name: 'Stop all acts' }).waitFor();
    await page.getByRole('region', { name: 'Audit' }).getByText(/ada stops all acts/).waitFor();
    await page.context().close();
  },

  // It has done the same again since: that is part of its normal life now.
  async taken() {
    const page = await open();
    const token = process.env.TOKEN;
    await page.goto(`/token/${token}?from=-30d`);
    await page.locator('.verdict.v-ok').waitFor();
    await settled(page);
    const countries = page.locator('.habits > div').filter({ has: page.getByRole('heading', { name: 'Countries' }) });
    const brazil = countries.locator('tbody tr').filter({ hasText: 'Brazil' });
    await brazil.waitFor();
    assert.equal(await brazil.locator('.new').count(), 0, 'it is new no more');
    assert.notEqual((await brazil.locator('td').nth(2).innerText()).trim(), '0 %');
    assert.equal(await page.locator('.events.full > li').count(), 1, 'one anomaly, and no other since');
    await page.context().close();
  },
};

// inspect looks at pages in both themes and two widths.
async function inspect(places) {
  for (const colorScheme of ['light', 'dark']) {
    for (const viewport of [desktop, phone]) {
      // Every theme and every width; each with each only where there is time.
      if (!process.env.ALL && !shots && (colorScheme === 'light') !== (viewport === phone)) continue;
      const page = await open({ viewport, colorScheme, reducedMotion: 'reduce' });
      for (const [name, path] of Object.entries(places)) {
        await page.goto(path);
        await settled(page);
        const size = viewport === phone ? 'phone' : 'desktop';
        assert.equal(await page.locator('main .trouble').count(), 0, `${name}: ${await page.locator('main .trouble').allInnerTexts()}`);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${name} is ${over} px too wide at ${viewport.width} px`);
        await accessible(page, `${name}, ${colorScheme}, ${size}`);
        await picture(page, `${name}-${colorScheme}-${size}`);
      }
      await page.context().close();
    }
  }
}

// enter logs somebody in and opens a page.
async function enter(user, path) {
  const page = await open();
  await page.goto(path);
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(process.env.PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await settled(page);
  complaints.splice(0, complaints.length, ...complaints.filter((c) => !/401/.test(c))); // that somebody has to log in is no trouble
  return page;
}

// looks at a page as it is in both themes and two widths.
async function looks(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    for (const viewport of [desktop, phone]) {
      if (!process.env.ALL && !shots && (colorScheme === 'light') !== (viewport === desktop)) continue;
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(viewport);
      const size = viewport === phone ? 'phone' : 'desktop';
      await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth).catch(() => assert.fail(`${name} is too wide at ${viewport.width} px`)); // charts are drawn anew
      await accessible(page, `${name}, ${colorScheme}, ${size}`);
      if (!await page.getByRole('dialog').count()) await page.getByRole('region', { name: 'Response' }).first().scrollIntoViewIfNeeded({ timeout: 1000 }).catch(() => {});
      await picture(page, `respond-${name}-${colorScheme}-${size}`);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(desktop);
}

async function accessible(page, where) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations
    .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' ' + n.failureSummary).join('; ')}`));
  assert.deepEqual(found, [], where);
}

// picture keeps what a page looks like, as small as a browser can make it.
async function picture(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  const png = (await page.screenshot()).toString('base64');
  const blank = await browser.newPage();
  const webp = await blank.evaluate(async (data) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + data;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.82).split(',')[1];
  }, png);
  await blank.close();
  writeFileSync(join(shots, name + '.webp'), Buffer.from(webp, 'base64'));
}

let failed = false;
await me();
for (const name of process.env.STEPS ? process.env.STEPS.split(',') : Object.keys(steps)) {
  const began = Date.now();
  complaints.length = 0;
  try {
    const told = await (steps[name] || errands[name])();
    assert.deepEqual(complaints, [], 'complaints of the browser');
    console.log(JSON.stringify({ step: name, ms: Date.now() - began, ...told }));
  } catch (error) {
    failed = true;
    console.log(JSON.stringify({ step: name, ms: Date.now() - began, error: String(error.stack || error), complaints }));
    for (const context of browser.contexts()) {
      for (const page of context.pages()) await page.screenshot({ path: join(process.env.FAILED || '/nonexistent', `failed-${name}.png`) }).catch(() => {});
      await context.close();
    }
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
