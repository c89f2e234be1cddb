import PDFDocument from 'pdfkit';
import type { Entry } from './chart';
import type { Content } from './content';

const MARGIN_POINTS = 54;

/** A PDF with page numbers. Its dates are those of the report, so that the same content gives the same bytes. */
export async function renderPdf(content: Content): Promise<Buffer> {
  const { title, report, patient, organizations, sections } = content;
  const document = new PDFDocument({
    size: 'LETTER',
    margin: MARGIN_POINTS,
    bufferPages: true,
    info: { Title: title, Subject: report.id, CreationDate: new Date(report.updatedAt) },
  });
  const chunks: Buffer[] = [];
  const finished = new Promise<void>((resolve, reject) => {
    document
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', resolve)
      .on('error', reject);
  });
  document.font('Helvetica-Bold').fontSize(20).text(title);
  document.font('Helvetica').fontSize(10).moveDown(0.5);
  document.text(`Patient: ${toLatin1(patient.name)}, born ${patient.dateOfBirth}`);
  document.text(`Source: ${organizations.join(', ')}`);
  document.text(`Report ${report.id}, as of ${report.updatedAt}`);
  for (const { name, entries } of sections) writeSection(document, name, entries);
  numberPages(document);
  document.end();
  await finished;
  return Buffer.concat(chunks);
}

function writeSection(document: PDFKit.PDFDocument, name: string, entries: readonly Entry[]): void {
  document
    .moveDown()
    .font('Helvetica-Bold')
    .fontSize(13)
    .text(name.charAt(0).toUpperCase() + name.slice(1));
  document.font('Helvetica').fontSize(10);
  if (entries.length === 0) document.text('Nothing recorded.');
  for (const entry of entries) document.moveDown(0.2).text(Object.values(entry).join(' · '));
}

function numberPages(document: PDFKit.PDFDocument): void {
  const { count } = document.bufferedPageRange();
  for (let page = 0; page < count; page += 1) {
    document.switchToPage(page);
    // Text below the bottom margin would add another page.
    document.page.margins.bottom = 0;
    document
      .fontSize(8)
      .text(`Synthetic data. Page ${page + 1} of ${count}.`, MARGIN_POINTS, document.page.height - 36, {
        align: 'center',
      });
  }
}

/** The standard PDF fonts have Latin letters only: removes other accents and replaces other scripts by question marks. */
function toLatin1(text: string): string {
  const letters = Array.from(text, (letter) =>
    letter <= 'ÿ' ? letter : letter.normalize('NFKD').replace(/\p{M}/gu, ''),
  );
  return letters.join('').replace(/[^ -~\u00a0-ÿ]/gu, '?');
}
