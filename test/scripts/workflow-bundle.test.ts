import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, resultOf, SmallProject } from './small-project';

test('the workflow code is bundled in a clone whose path contains #, ?, %, ! or a space', async () => {
  const project = new SmallProject('odd #1 50%? &!\'"$x`é');
  symlinkSync(join(ROOT, 'node_modules'), project.at('node_modules'));
  project.write('dist.next-1/src/workflows/index.js', 'exports.hello = async () => "hello";\n');
  project.write('dist.next-1/src/workflows/undecodable.js', 'exports.interceptors = () => ({});\n');
  project.write('dist.next-1/src/workflows/call-results.js', 'exports.interceptors = () => ({});\n');
  project.write('dist.next-1/src/temporal/failure-converter.js', 'exports.failureConverter = {};\n');
  const bundler = pathToFileURL(project.at('scripts/set-up/workflow-bundle.mjs')).href;
  const code = `const { bundleWorkflows } = await import(${JSON.stringify(bundler)});
      const text = await bundleWorkflows(${JSON.stringify(project.at('dist.next-1/src/workflows/index.js'))});
      const map = JSON.parse(Buffer.from(text.slice(text.lastIndexOf('base64,') + 7), 'base64').toString());
      process.stdout.write(JSON.stringify([text.includes('exports.hello'), map.sources.some((source) => source.includes('odd'))]));`;
  const bundling = await resultOf(project.node(['--input-type=module', '-e', code]));
  expect(bundling).toEqual({ status: 0, stderr: '', stdout: '[true,false]' });
  project.remove();
});
