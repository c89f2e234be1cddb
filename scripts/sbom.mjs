// npm run sbom: what ships with Chartway as CycloneDX, on stdout. npm's own `--omit dev` loses most of what our dependencies depend on, so the whole
// of npm's list is taken and cut down to what the lockfile says is needed where Chartway runs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from './set-up/child.mjs';
import { command, ROOT, SetUpFault } from './set-up/project.mjs';

await command(async () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const ships = new Set(
    Object.entries(packages)
      .filter(([path, { dev, optional }]) => path !== '' && !dev && !optional)
      .map(([path, { name, version }]) => `${name ?? path.split('node_modules/').at(-1)}@${version}`),
  );
  const { status, output } = await capture('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
    cwd: ROOT,
    timeoutMs: 60_000,
  });
  if (status !== 0) throw new SetUpFault('npm sbom failed: run npm run build first, it installs.');
  const bom = JSON.parse(output);
  const ofThis = bom.metadata.component['bom-ref'];
  const kept = ({ name, version }) => ships.has(`${name}@${version}`);
  const components = bom.components.filter(kept);
  const refs = new Set([ofThis, ...components.map((component) => component['bom-ref'])]);
  const dependencies = bom.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
  process.stdout.write(`${JSON.stringify({ ...bom, components, dependencies }, null, 2)}\n`);
});
