import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Folders that handle texts of upstream and files of applicants. */
const FOLDERS = ['human-api', 'upstream', 'report-store', 'webhook', 'activities'];
/** The errors of these functions quote their input. */
const QUOTING = /^(JSON\.parse|decodeURIComponent|decodeURI|BigInt)$/;

function sources(): { name: string; text: string }[] {
  const root = join(__dirname, '..', '..', 'src');
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({ name: join(folder, name), text: readFileSync(join(root, folder, name), 'utf8') })),
  );
}

/** Returns the places at which a source can leak its input in an error, as `file:line fault`. */
function faultsOf({ name, text }: { name: string; text: string }): string[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const faults: string[] = [];
  const report = (node: ts.Node, fault: string) =>
    faults.push(`${name}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${fault}`);
  const visit = (node: ts.Node, caught: ReadonlySet<string>, safe: boolean): void => {
    if (ts.isTryStatement(node)) {
      const { catchClause } = node;
      // An error without a name cannot leave the catch block.
      visit(
        node.tryBlock,
        caught,
        safe || (catchClause !== undefined && catchClause.variableDeclaration === undefined),
      );
      const names = catchClause?.variableDeclaration ? [catchClause.variableDeclaration.name.getText()] : [];
      if (catchClause) visit(catchClause.block, new Set([...caught, ...names]), safe);
      if (node.finallyBlock) visit(node.finallyBlock, caught, safe);
      return;
    }
    if (ts.isCallExpression(node) && QUOTING.test(node.expression.getText()) && !safe) report(node, 'parses unguarded');
    const isCause = ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node);
    if (isCause && node.name.getText() === 'cause') report(node, 'keeps a cause');
    if (ts.isTemplateSpan(node) && ts.isIdentifier(node.expression) && caught.has(node.expression.text))
      report(node, 'prints an error');
    if (
      ts.isCallExpression(node) &&
      node.expression.getText() === 'String' &&
      caught.has(node.arguments[0]?.getText() ?? '')
    )
      report(node, 'prints an error');
    ts.forEachChild(node, (child) => visit(child, caught, safe));
  };
  visit(file, new Set(), false);
  return faults;
}

test('no error of a parser leaves the folders that read texts of upstream and files of applicants, and none is a cause', () => {
  const all = sources();
  expect(all.length).toBeGreaterThan(50);
  expect(all.flatMap(faultsOf)).toEqual([]);
});

test.each([
  ['JSON.parse(text);', 'parses unguarded'],
  ['try { JSON.parse(text); } catch (error) { throw error; }', 'parses unguarded'],
  ['try { decodeURIComponent(text); } finally { done(); }', 'parses unguarded'],
  ['try { go(); } catch (cause) { throw new Error("x", { cause }); }', 'keeps a cause'],
  ['try { go(); } catch (error) { throw new Error("x", { cause: error }); }', 'keeps a cause'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a program's text
  ['try { go(); } catch (error) { throw new Error(`x ${error}`); }', 'prints an error'],
  ['try { go(); } catch (error) { log(String(error)); }', 'prints an error'],
])('%s is found', (text, what) => {
  expect(faultsOf({ name: 'x.ts', text })).toEqual([`x.ts:1 ${what}`]);
});

test('a guarded parser whose error has no name is allowed', () => {
  expect(faultsOf({ name: 'x.ts', text: 'try { JSON.parse(text); } catch { throw new Error("mine"); }' })).toEqual([]);
});
