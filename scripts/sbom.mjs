// npm run sbom: prints the packages that Chartway ships with as CycloneDX. `npm sbom --omit dev` loses most indirect
// dependencies, so this filters the complete list by the lockfile.
import { capture } from './set-up/child.mjs';
import { listShippedPackages } from './set-up/packages.mjs';
import { ROOT, runCommand, SetupError } from './set-up/project.mjs';

await runCommand(async () => {
  const shipped = new Set(
    listShippedPackages().map(
      ([path, { name, version }]) => `${name ?? path.split('node_modules/').at(-1)}@${version}`,
    ),
  );
  const { status, output } = await capture('npm', ['sbom', '--sbom-format', 'cyclonedx', '--loglevel=error'], {
    cwd: ROOT,
    timeoutMs: 60_000,
  });
  if (status !== 0) throw new SetupError(`npm sbom ended with status ${status}: ${output.slice(0, 500)}`);
  const bom = JSON.parse(output);
  const components = bom.components.filter(({ name, version }) => shipped.has(`${name}@${version}`));
  const refs = new Set([bom.metadata.component['bom-ref'], ...components.map((component) => component['bom-ref'])]);
  const dependencies = bom.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
  process.stdout.write(`${JSON.stringify({ ...bom, components, dependencies }, null, 2)}\n`);
});
