/** An option or a file is not usable: the command ends with status 2. The message quotes no input. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}
