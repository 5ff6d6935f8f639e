"""`napari-itis weights …`: the weights that are known by a name, and files of weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

weights_app = typer.Typer(help="The weights that are known, and what is in a file of weights.")

NameOrFile = Annotated[str, typer.Argument(metavar="NAME|FILE")]
Own = Annotated[str, typer.Argument(metavar="NAME", help="Of your own weights.")]


@weights_app.command("list")
def weights_list() -> None:
    """Print the names that --weights knows, the default one first."""
    from napari_itis.network.names import list_weights, own_weights

    own = own_weights()
    for name in list_weights():
        typer.echo(f"{name}\tyour own" if name in own else name)


@weights_app.command("info")
def weights_info(name: NameOrFile) -> None:
    """Print what is known about weights, as JSON."""
    from napari_itis.network import describe

    typer.echo(json.dumps(describe(name), indent=2, default=str))


@weights_app.command("verify")
def weights_verify(name: NameOrFile) -> None:
    """Check that weights are whole and fit their network."""
    from napari_itis.network import verify

    verify(name)
    typer.echo(f"{name}: fine")


@weights_app.command("add")
def weights_add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="From a training or a colleague.")],
    name: Annotated[str | None, typer.Option(help="The file's own name by default.")] = None,
) -> None:
    """Verify a file of weights and keep a copy of it under a name; nothing in it is executed."""
    from napari_itis.network import own_weights

    typer.echo(f"added {own_weights.add(file, name)}")


@weights_app.command("rename")
def weights_rename(old: Own, new: Annotated[str, typer.Argument(metavar="NEW")]) -> None:
    """Give weights of your own another name."""
    from napari_itis.network import own_weights

    typer.echo(f"{old} is {own_weights.rename(old, new)} now")


@weights_app.command("delete")
def weights_delete(name: Own) -> None:
    """Delete weights of your own; `restore` brings them back."""
    from napari_itis.network import own_weights

    own_weights.delete(name)
    typer.echo(f"deleted {name}")


@weights_app.command("restore")
def weights_restore(name: Own) -> None:
    """Bring back weights that were deleted; the last twenty are kept."""
    from napari_itis.network import own_weights

    typer.echo(f"brought back {own_weights.restore(name)}")


@weights_app.command("export")
def weights_export(
    name: Own, file: Annotated[Path, typer.Argument(metavar="FILE", help="Must not exist.")]
) -> None:
    """Write weights of your own to a single file, for a colleague."""
    from napari_itis.network import own_weights

    typer.echo(f"wrote {own_weights.export(name, file)}")
