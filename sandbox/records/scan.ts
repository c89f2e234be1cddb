import { createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Content } from './content';

/** Letter paper at 104 dots per inch, one byte a dot: a page is a little more than 1 MB. */
const WIDTH = 884;
const HEIGHT = 1_144;
const PAPER_POINTS = '612 792';

/** What is printed at once stands as bytes; a scanned page only as its number, and is drawn when its turn comes. */
type Part = Buffer | { readonly page: number };

/**
 * A PDF whose cover says what it is, with scanned pages behind it, like the records that come by fax: drawn page by page while it is sent,
 * so that it is never in memory as a whole. Same content, same bytes. `length`: in bytes.
 */
export function renderScanned(content: Content, pages: number): { readonly length: number; readonly stream: Readable } {
  const parts = partsOf(content, pages);
  const { id, updatedAt } = content.report;
  function* drawn() {
    for (const part of parts) yield Buffer.isBuffer(part) ? part : scan(`${id}/${updatedAt}/${part.page}`);
  }
  // Each part is made when the one before has been taken.
  const stream = Readable.from(drawn(), { objectMode: false });
  return { length: parts.reduce((sum, part) => sum + lengthOf(part), 0), stream };
}

function partsOf(content: Content, pages: number): Part[] {
  const parts: Part[] = [Buffer.from('%PDF-1.4\n')];
  const offsets: number[] = [];
  let written = lengthOf(parts[0] ?? Buffer.alloc(0));
  const put = (part: Part) => {
    parts.push(part);
    written += lengthOf(part);
  };
  const object = (body: string, stream: Part | null = null) => {
    offsets.push(written);
    const dictionary = stream ? body.replace('>>', `/Length ${lengthOf(stream)} >>\nstream\n`) : body;
    put(Buffer.from(`${offsets.length} 0 obj\n${dictionary}`, 'latin1'));
    if (stream) put(stream);
    put(Buffer.from(`${stream ? '\nendstream' : ''}\nendobj\n`));
  };

  // Catalog, page tree and font first; then a page, its drawing and, behind the cover, its picture.
  const pageObject = (page: number) => (page === 0 ? 4 : 6 + (page - 1) * 3);
  const kids = Array.from({ length: pages + 1 }, (_, page) => `${pageObject(page)} 0 R`).join(' ');
  object('<< /Type /Catalog /Pages 2 0 R >>');
  object(`<< /Type /Pages /MediaBox [0 0 ${PAPER_POINTS}] /Count ${pages + 1} /Kids [${kids}] >>`);
  object('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>');
  object('<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>');
  object('<< >>', coverOf(content, pages));
  for (let page = 1; page <= pages; page += 1) {
    const first = pageObject(page);
    const resources = `<< /XObject << /Scan ${first + 2} 0 R >> >>`;
    object(`<< /Type /Page /Parent 2 0 R /Resources ${resources} /Contents ${first + 1} 0 R >>`);
    object('<< >>', Buffer.from(`${PAPER_POINTS.replace(' ', ' 0 0 ')} 0 0 cm /Scan Do`));
    const picture = `/Width ${WIDTH} /Height ${HEIGHT} /ColorSpace /DeviceGray /BitsPerComponent 8`;
    object(`<< /Type /XObject /Subtype /Image ${picture} >>`, { page });
  }
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const count = offsets.length + 1;
  put(
    Buffer.from(
      `xref\n0 ${count}\n0000000000 65535 f \n${table}trailer\n<< /Size ${count} /Root 1 0 R >>\nstartxref\n${written}\n%%EOF\n`,
    ),
  );
  return parts;
}

function coverOf({ title, report, patient, organizations }: Content, pages: number): Buffer {
  const lines = [
    title,
    `Patient: ${patient.name}, born ${patient.dateOfBirth}`,
    `Source: ${organizations.join(', ')}`,
    `Report ${report.id}, as of ${report.updatedAt}`,
    `${pages} scanned pages follow. Synthetic data about nobody.`,
  ].map((line) => `(${literal(line)}) Tj T*`);
  return Buffer.from(`BT /F1 12 Tf 18 TL 54 720 Td ${lines.join(' ')} ET`, 'latin1');
}

/** Text of a PDF in one byte a letter; what the font does not have becomes a question mark. */
function literal(text: string): string {
  return text.replace(/[^ -~\u00a0-ÿ]/gu, '?').replace(/[\\()]/g, '\\$&');
}

/** A page of grey paper with lines of scribble. Noise does not compress, as with real scans. */
function scan(seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  // A stream cipher over nothing is the quickest chance that falls the same way for the same seed.
  const dots = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(WIDTH * HEIGHT));
  for (let y = 0; y < HEIGHT; y += 1) {
    const line = Math.floor(y / 22);
    const inked = y % 22 >= 8 && y % 22 < 16 && line > 2 && line < 49;
    for (let x = 0; x < WIDTH; x += 1) {
      const at = y * WIDTH + x;
      const noise = (dots[at] ?? 0) & 0x1f;
      // The noise of the paper above a line of writing decides where its strokes are.
      const stroke = inked && x > 80 && x < 800 && ((dots[line * 22 * WIDTH + (x >> 2)] ?? 0) & 0x03) === 0;
      dots[at] = stroke ? 0x20 + noise : 0xe0 + noise;
    }
  }
  return dots;
}

function lengthOf(part: Part): number {
  return Buffer.isBuffer(part) ? part.length : WIDTH * HEIGHT;
}
