import { isErrorText } from './error-page';
import { documentFault, type FormatCheck } from './format-check';
import { HtmlScan } from './html-scan';

/** Pages of proxies are smaller, style sheets included. */
const MAX_PROXY_PAGE = 64 * 1024;
/** A script that draws a record contains it; one that only redirects is shorter. */
const MIN_DRAWING_SCRIPT = 2_048;
/** JSON, or an empty value of it, instead of a document. */
const JSON_TEXT = /^[{[]|^(?:null|true|false|"")$/;
/** A character that can end a text; the middle of a word cannot. */
const TEXT_END = /[^A-Za-z0-9,<&\-\x80-\xff]$/;

/**
 * An HTML document that a browser shows completely. The end tags of html, body, p, li, td and others are optional in HTML, and browsers show what
 * follows `</html>`. A page without its end tag counts as truncated if it ends within a tag, a comment, an element that HTML requires to be
 * closed, or a word (unless its generator omits end tags). `isTypeAnnounced`: the content type is HTML; otherwise it must begin like a page.
 */
export function createHtmlCheck(isTypeAnnounced: boolean): FormatCheck {
  const scan = new HtmlScan();
  let bytes = 0;
  return {
    take(piece) {
      bytes += piece.byteLength;
      scan.take(piece);
    },
    finish() {
      const shown = withoutSpaces(scan.shown);
      if (!scan.hasTags && shown === '' && !scan.isPage) throw documentFault('html', 'a document', 'white space only');
      if (!isTypeAnnounced && !scan.isPage)
        throw documentFault('html', 'the content type text/html or a page', 'neither');
      if (!scan.hasTags && JSON_TEXT.test(shown)) throw documentFault('html', 'a document', 'JSON');
      if (scan.endsInTag) throw documentFault('html', 'a whole document', 'one that ends within a tag');
      if (isTruncated(scan)) throw documentFault('html', 'a whole document', 'a part of one: the end is missing');
      if (shown === '' && !scan.hasVisibleElement && scan.scriptBytes < MIN_DRAWING_SCRIPT) {
        throw documentFault('html', 'a document that shows something', 'an empty page');
      }
      if (bytes <= MAX_PROXY_PAGE && isProxyPage(scan)) throw documentFault('html', 'a document', "a proxy's page");
    },
  };
}

/** A fragment can end anywhere. */
function isTruncated(scan: HtmlScan): boolean {
  if (scan.isClosed || !scan.isPage) return false;
  return scan.isOpen || !(scan.omitsEndTags || scan.endsLine || TEXT_END.test(scan.last));
}

/** No record asks for a password, or has the title of an error. */
function isProxyPage({ asksPassword, title, heading, shown, hasTags }: HtmlScan): boolean {
  return asksPassword || [title, heading, ...(hasTags ? [] : [shown])].some(isErrorText);
}

/** Non-breaking spaces show nothing. */
function withoutSpaces(text: string): string {
  return text.replace(/&(?:nbsp|#160|#xa0);|\xC2?\xA0/gi, '').trim();
}
