import { createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Content } from './content';

/** Letter paper at 104 dots per inch, one byte per dot: a page has slightly more than 1 MB. */
const WIDTH = 884;
const HEIGHT = 1_144;
const PAPER_POINTS = '612 792';

/** Bytes, or the number of a scanned page, which is drawn when it is sent. */
type Part = Buffer | { readonly page: number };

/**
 * A PDF with a cover and scanned pages, like a record sent by fax. Pages are drawn while the PDF is sent, so that it is never in memory as a
 * whole. The same content gives the same bytes. `length`: in bytes.
 */
export function renderScanned(content: Content, pages: number): { readonly length: number; readonly stream: Readable } {
  const parts = createParts(content, pages);
  const { id, updatedAt } = content.report;
  function* drawParts() {
    for (const part of parts) yield Buffer.isBuffer(part) ? part : drawPage(`${id}/${updatedAt}/${part.page}`);
  }
  const stream = Readable.from(drawParts(), { objectMode: false });
  return { length: parts.reduce((sum, part) => sum + partLength(part), 0), stream };
}

function createParts(content: Content, pages: number): Part[] {
  const parts: Part[] = [Buffer.from('%PDF-1.4\n')];
  const offsets: number[] = [];
  let written = partLength(parts[0] ?? Buffer.alloc(0));
  const put = (part: Part) => {
    parts.push(part);
    written += partLength(part);
  };
  const object = (body: string, stream: Part | null = null) => {
    offsets.push(written);
    const dictionary = stream ? body.replace('>>', `/Length ${partLength(stream)} >>\nstream\n`) : body;
    put(Buffer.from(`${offsets.length} 0 obj\n${dictionary}`, 'latin1'));
    if (stream) put(stream);
    put(Buffer.from(`${stream ? '\nendstream' : ''}\nendobj\n`));
  };

  // Catalog, page tree and font; then each page with its content and, except for the cover, its picture.
  const pageObject = (page: number) => (page === 0 ? 4 : 6 + (page - 1) * 3);
  const kids = Array.from({ length: pages + 1 }, (_, page) => `${pageObject(page)} 0 R`).join(' ');
  object('<< /Type /Catalog /Pages 2 0 R >>');
  object(`<< /Type /Pages /MediaBox [0 0 ${PAPER_POINTS}] /Count ${pages + 1} /Kids [${kids}] >>`);
  object('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>');
  object('<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>');
  object('<< >>', createCover(content, pages));
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

function createCover({ title, report, patient, organizations }: Content, pages: number): Buffer {
  const lines = [
    title,
    `Patient: ${patient.name}, born ${patient.dateOfBirth}`,
    `Source: ${organizations.join(', ')}`,
    `Report ${report.id}, as of ${report.updatedAt}`,
    `${pages} scanned pages follow. Synthetic data.`,
  ].map((line) => `(${pdfLiteral(line)}) Tj T*`);
  return Buffer.from(`BT /F1 12 Tf 18 TL 54 720 Td ${lines.join(' ')} ET`, 'latin1');
}

/** A PDF string with one byte per letter; letters that the font lacks become question marks. */
function pdfLiteral(text: string): string {
  return text.replace(/[^ -~\u00a0-ÿ]/gu, '?').replace(/[\\()]/g, '\\$&');
}

/** A grey page with scribbled lines. Its noise does not compress, as in real scans. */
function drawPage(seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  // A stream cipher over zeros is the fastest reproducible noise.
  const dots = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(WIDTH * HEIGHT));
  for (let y = 0; y < HEIGHT; y += 1) {
    const line = Math.floor(y / 22);
    const inked = y % 22 >= 8 && y % 22 < 16 && line > 2 && line < 49;
    for (let x = 0; x < WIDTH; x += 1) {
      const at = y * WIDTH + x;
      const noise = (dots[at] ?? 0) & 0x1f;
      // The noise above a line of writing selects its strokes.
      const stroke = inked && x > 80 && x < 800 && ((dots[line * 22 * WIDTH + (x >> 2)] ?? 0) & 0x03) === 0;
      dots[at] = stroke ? 0x20 + noise : 0xe0 + noise;
    }
  }
  return dots;
}

function partLength(part: Part): number {
  return Buffer.isBuffer(part) ? part.length : WIDTH * HEIGHT;
}
