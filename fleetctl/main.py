"""fleetctl: the operator's and the product team's command line."""
import typer
app = typer.Typer(no_args_is_help=True)
def run() -> None:
    """Entry point."""
    app()
