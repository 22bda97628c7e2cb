// Colours for canvases come from the same variables as everything else.
import { useEffect, useState } from './html.js';

let colours = null;
const listeners = new Set();

export function palette() {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue('--' + name).trim();
    colours = Object.fromEntries(['ink', 'soft', 'paper', 'sheet', 'rule', 'band', 'bandline', 'pulse', 'pulsesoft', 'alarm', 'grid', 'trace', 'beat'].map((n) => [n, of(n)]));
    colours.font = style.getPropertyValue('--face').trim() || 'system-ui, sans-serif';
  }
  return colours;
}

function repaint() {
  colours = null;
  for (const listener of listeners) listener();
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);

// usePalette draws again when the theme changes.
export function usePalette() {
  const [, again] = useState(0);
  useEffect(() => {
    const listener = () => again((n) => n + 1);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return palette();
}

export const themes = ['system', 'light', 'dark'];
export const theme = () => document.documentElement.dataset.theme || 'system';
export function setTheme(name) {
  if (name === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try { name === 'system' ? localStorage.removeItem('holter.theme') : localStorage.setItem('holter.theme', name); } catch { /* kept for this page only */ }
  repaint();
}

// Cividis: readable with every kind of colour vision, and even in grey. After Nuñez, Anderton and Renslow, PLOS ONE 2018.
const stops = [[0, 32, 76], [0, 42, 102], [31, 56, 108], [62, 75, 107], [87, 93, 109], [112, 113, 115], [138, 134, 120], [165, 156, 116], [195, 179, 105], [224, 204, 83], [255, 233, 69]];
export function cividis(x) {
  const at = Math.max(0, Math.min(1, x)) * (stops.length - 1), i = Math.min(stops.length - 2, Math.floor(at)), f = at - i;
  return stops[i].map((c, k) => Math.round(c + (stops[i + 1][k] - c) * f));
}
export const rgb = (c) => `rgb(${c[0]} ${c[1]} ${c[2]})`;

// fit gives a canvas its size in device pixels and a context that draws in CSS pixels.
export function fit(canvas, width, height) {
  const ratio = Math.min(3, devicePixelRatio || 1);
  const w = Math.max(1, Math.round(width * ratio)), h = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
