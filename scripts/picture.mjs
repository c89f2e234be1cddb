// node scripts/picture.mjs: draws docs/how-it-works.svg. Boxes and arrows are data below; a test compares the file with what this makes.
import { existsSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './set-up/project.mjs';

const FILE = join(ROOT, 'docs', 'how-it-works.svg');

const SIZE = { width: 920, height: 420 };
/** Left, top, width, height; ours are drawn filled. */
const BOXES = {
  intake: { at: [20, 40, 150, 60], text: ['your intake', 'one id, or a CSV'] },
  starter: { at: [20, 150, 150, 60], text: ['starter', 'npm run starter'], ours: true },
  temporal: {
    at: [250, 120, 200, 120],
    text: ['Temporal', 'one workflow', 'for each applicant:', 'its stage, its deadlines'],
  },
  worker: { at: [530, 40, 150, 80], text: ['worker', 'invites, asks,', 'downloads'], ours: true },
  webhook: { at: [530, 240, 150, 80], text: ['webhook', 'takes notices,', 'makes them durable'], ours: true },
  upstream: {
    at: [760, 120, 140, 120],
    text: ['Human API', 'invites by e-mail,', 'gathers records', 'from providers'],
  },
  store: { at: [250, 320, 200, 70], text: ['report store', 'documents and a manifest', 'for each applicant'] },
};
/** From a point over others to the last one, which has the head; what is said lies at `label`. */
const ARROWS = [
  {
    through: [
      [95, 100],
      [95, 150],
    ],
  },
  {
    through: [
      [170, 180],
      [250, 180],
    ],
    label: [210, 172, 'starts'],
  },
  {
    through: [
      [450, 160],
      [490, 160],
      [490, 80],
      [530, 80],
    ],
    both: true,
    label: [488, 66, 'tasks'],
  },
  {
    through: [
      [680, 80],
      [720, 80],
      [720, 150],
      [760, 150],
    ],
    label: [724, 66, 'calls'],
  },
  {
    through: [
      [760, 215],
      [720, 215],
      [720, 280],
      [680, 280],
    ],
    label: [720, 302, 'notices'],
  },
  {
    through: [
      [530, 280],
      [490, 280],
      [490, 205],
      [450, 205],
    ],
    label: [468, 302, 'signals'],
  },
  {
    through: [
      [605, 120],
      [605, 180],
      [505, 180],
      [505, 355],
      [450, 355],
    ],
    label: [540, 372, 'reports'],
  },
];

/** The picture as text; its colours hold on light and on dark pages. */
export function picture() {
  const { width, height } = SIZE;
  const title =
    'How Chartway works: the starter starts one Temporal workflow for each applicant; the worker calls Human API and stores the reports; the webhook turns notices into signals.';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${title}</title>`,
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="#57606a"/></marker></defs>',
    `<rect width="${width}" height="${height}" rx="8" fill="#ffffff"/>`,
    ...ARROWS.map(arrow),
    ...Object.values(BOXES).map(box),
    '</svg>',
    '',
  ].join('\n');
}

function box({ at: [x, y, width, height], text, ours = false }) {
  const [fill, edge] = ours ? ['#ddf4ff', '#0969da'] : ['#f6f8fa', '#57606a'];
  const lineHeight = 18;
  const top = y + height / 2 - ((text.length - 1) * lineHeight) / 2 + 4.5;
  const lines = text.map((line, index) => {
    const weight = index === 0 ? ' font-weight="600"' : '';
    return `<text x="${x + width / 2}" y="${top + index * lineHeight}" text-anchor="middle" fill="#1f2328"${weight}>${line}</text>`;
  });
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${fill}" stroke="${edge}"/>${lines.join('')}`;
}

function arrow({ through, both = false, label }) {
  const path = through.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  const tail = both ? ' marker-start="url(#head)"' : '';
  const line = `<path d="${path}" fill="none" stroke="#57606a" marker-end="url(#head)"${tail}/>`;
  if (label === undefined) return line;
  const [x, y, text] = label;
  return `${line}<text x="${x}" y="${y}" text-anchor="middle" fill="#57606a">${text}</text>`;
}

const started = process.argv[1] ?? '';
if (existsSync(started) && realpathSync(started) === realpathSync(fileURLToPath(import.meta.url))) {
  writeFileSync(FILE, picture());
}
