import { isErrorText } from './error-page';
import { type FormatCheck, wrong } from './format-check';
import { HtmlScan } from './html-scan';

/** A proxy's page is smaller, style sheets included. */
const PROXY_PAGE_MOST = 64 * 1024;
/** A script that draws a record carries it; one that only leads elsewhere is shorter. */
const DRAWING_SCRIPT = 2_048;
/** JSON, or its empty values, in place of a document. */
const JSON_TEXT = /^[{[]|^(?:null|true|false|"")$/;
/** What ends a text; the middle of a word does not. */
const ENDS_TEXT = /[^A-Za-z0-9,<&\-\x80-\xff]$/;

/**
 * An HTML document that a browser shows whole. HTML lets the end tags of html, body, p, li, td and others be left out, and what follows `</html>` is shown
 * too. Without the end of a page, one is taken as cut where it ends within a tag, a comment, an element that HTML requires to be closed, or a word where its generator
 * leaves no end tags out.
 * `hasClaim`: whether a content type says that it is HTML; otherwise it has to begin as a page does.
 */
export function createHtmlCheck(hasClaim: boolean): FormatCheck {
  const scan = new HtmlScan();
  let bytes = 0;
  return {
    take(piece) {
      bytes += piece.byteLength;
      scan.take(piece);
    },
    finish() {
      const shown = withoutBlanks(scan.shown);
      if (!scan.hasTags && shown === '' && !scan.isPage) throw wrong('html', 'a document', 'white space only');
      if (!hasClaim && !scan.isPage) throw wrong('html', 'the content type text/html or a page', 'neither');
      if (!scan.hasTags && JSON_TEXT.test(shown)) throw wrong('html', 'a document', 'something like JSON');
      if (scan.endsInTag) throw wrong('html', 'a whole document', 'one that ends within a tag');
      if (isCut(scan)) throw wrong('html', 'a whole document', 'a part of one: the end is missing');
      if (shown === '' && !scan.shows && scan.scriptBytes < DRAWING_SCRIPT) {
        throw wrong('html', 'a document that shows something', 'an empty page');
      }
      if (bytes <= PROXY_PAGE_MOST && isProxyPage(scan)) throw wrong('html', 'a document', "a proxy's page");
    },
  };
}

/** A fragment opens no page, so nothing says how it should end. */
function isCut(scan: HtmlScan): boolean {
  if (scan.isClosed || !scan.isPage) return false;
  return scan.isOpen || !(scan.omitsEndTags || scan.endsLine || ENDS_TEXT.test(scan.last));
}

/** No record asks for a password, or has the name of an error. */
function isProxyPage({ asksPassword, title, heading, shown, hasTags }: HtmlScan): boolean {
  return asksPassword || [title, heading, ...(hasTags ? [] : [shown])].some(isErrorText);
}

/** Spaces that do not break are nothing to see. */
function withoutBlanks(text: string): string {
  return text.replace(/&(?:nbsp|#160|#xa0);|\xC2?\xA0/gi, '').trim();
}
