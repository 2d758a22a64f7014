import { Command, type Option } from 'commander';

/** Reports a misspelt option even where a required one is missing too: the one is mostly the reason of the other. */
export class HeddleCommand extends Command {
  override createCommand(name?: string): Command {
    return new HeddleCommand(name);
  }

  /** Called by the parser for the first required option that was not given; `args` holds what it could not place. */
  missingMandatoryOptionValue(option: Option): void {
    const unknown = this.args.find(argument => /^-./.test(argument));
    if (unknown !== undefined) (this as unknown as { unknownOption(flag: string): void }).unknownOption(unknown);
    this.error(`error: required option '${option.flags}' not specified`, {
      code: 'commander.missingMandatoryOptionValue',
    });
  }
}
