import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..', '..');

/** A fenced block of a document. */
export interface Fence {
  readonly language: string;
  readonly text: string;
  /** The lines of the text that are not empty. */
  readonly lines: readonly string[];
}

/** The pages of the documentation, as paths from the project's folder. */
export function pages(): string[] {
  const inFolder = ['docs', 'docs/decisions'].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
  );
  const documents = inFolder.filter((name) => name.endsWith('.md'));
  return ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', ...documents];
}

export function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

export function fencesOf(page: string): Fence[] {
  const matches = textOf(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...matches].map(([, language = '', text = '']) => ({
    language,
    text,
    lines: text.split('\n').filter((line) => line !== ''),
  }));
}

/** The command lines of a page: each line of each block marked `sh`. */
export function commandsOf(page: string): string[] {
  return fencesOf(page).flatMap(({ language, lines }) => (language === 'sh' ? lines : []));
}
