// Latency against rate: where a route begins to suffer.
import { html, useLayoutEffect, useRef } from '../lib/html.js';
import { fit, usePalette } from '../lib/palette.js';
import { count, seconds } from '../lib/format.js';
import { nice } from './heartbeat.js';

const left = 60, bottom = 20;

export function Scatter({ points, threshold, width = 300, height = 132, label }) {
  const ref = useRef(null), p = usePalette();
  useLayoutEffect(() => {
    if (!ref.current) return;
    const c = fit(ref.current, width, height), w = width - left - 8, h = height - bottom - 8;
    const mx = nice(Math.max(1e-9, threshold || 0, ...points.map((q) => q.rate || 0))), my = nice(Math.max(1e-9, ...points.map((q) => q.p95 || 0)));
    c.font = '12px ' + p.font;
    c.fillStyle = p.grid;
    c.fillRect(left, 8 + h, w, 1); c.fillRect(left, 8, 1, h); c.fillRect(left, 8 + h / 2, w, 1);
    if (threshold) {
      const x = left + threshold / mx * w;
      c.fillStyle = p.band; c.fillRect(x, 8, left + w - x, h);
      c.fillStyle = p.alarm; c.fillRect(x, 8, 1, h);
    }
    for (const q of points) {
      const hot = threshold && q.rate >= threshold;
      c.fillStyle = hot ? p.alarm : p.ink;
      const x = left + q.rate / mx * w, y = 8 + h - q.p95 / my * h;
      c.beginPath();
      if (hot) c.rect(x - 2, y - 2, 4, 4); else c.arc(x, y, 1.8, 0, 7);
      c.fill();
    }
    c.fillStyle = p.soft; c.textAlign = 'right'; c.textBaseline = 'middle';
    c.fillText(seconds(my), left - 6, 12); c.fillText(seconds(my / 2), left - 6, 8 + h / 2); c.fillText('0', left - 6, 8 + h);
    c.textBaseline = 'alphabetic';
    c.fillText(count(mx) + '/min', left + w, height - 4); c.textAlign = 'left'; c.fillText('0', left, height - 4);
  });
  return html`<canvas ref=${ref} style=${{ width: width + 'px', height: height + 'px' }} role="img" aria-label=${label}></canvas>`;
}
