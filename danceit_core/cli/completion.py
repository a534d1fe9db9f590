"""`danceit completion`: completion of commands, options, songs and persons in a shell."""

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script for completion in a shell.

    With it, the shell completes commands, options, songs and persons.

    \b
    Examples:
      danceit completion bash >> ~/.bashrc
      danceit completion zsh >> ~/.zshrc
      danceit completion fish > ~/.config/fish/completions/danceit.fish
    """
    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root()
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(root.command, {}, "danceit", "_DANCEIT_COMPLETE").source())
