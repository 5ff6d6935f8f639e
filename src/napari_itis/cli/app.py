"""The commands and their options: parse, call, print."""

from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_itis.cli.compare import compare
from napari_itis.cli.errors import InputError
from napari_itis.cli.export import export
from napari_itis.cli.options import Device, Paper, Promise, Weights, ZoomIn
from napari_itis.cli.video_commands import annotate, propagate
from napari_itis.cli.weights import weights_app

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Interactive segmentation (ITIS): click on an object, get its mask.",
)
datasets_app = typer.Typer(help="Data sets to evaluate and train on.")
app.add_typer(weights_app, name="weights")
app.add_typer(datasets_app, name="datasets")


def command() -> Any:
    """The whole command line as a click command.

    Returns
    -------
    click.Command
    """
    return typer.main.get_command(app)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from napari_itis import __version__

        typer.echo(f"napari-itis {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def demo(
    screenshot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a picture of the window, unattended, and end."),
    ] = None,
) -> None:
    """Open napari with a sample photo, the plugin and three clicks."""
    from napari_itis.cli.display import display_needed, start_virtual_display
    from napari_itis.cli.output import check_output

    if screenshot:
        check_output(screenshot, (".png",))
    if importlib.util.find_spec("napari") is None:
        raise InputError('the demo needs napari: pip install "napari-itis[all]"')
    if display_needed():
        if screenshot is None:
            raise InputError("there is no display: add --screenshot FILE to get a picture instead")
        start_virtual_display()
    try:
        import qtpy  # noqa: F401
    except Exception as error:
        raise InputError(
            f'the demo needs a Qt binding ({error}): pip install "napari-itis[all]"'
        ) from error
    from napari_itis.plugin.demo import run

    if screenshot:
        screenshot.parent.mkdir(parents=True, exist_ok=True)
    run(screenshot)
    if screenshot:
        typer.echo(f"wrote {screenshot}")


@app.command()
def segment(
    image: Annotated[Path, typer.Argument(metavar="IMAGE")],
    positive: Annotated[
        list[str] | None,
        typer.Option(metavar="Y,X", help="Click on the object, in pixels; may be repeated."),
    ] = None,
    negative: Annotated[
        list[str] | None,
        typer.Option(metavar="Y,X", help="Click on what is not the object; may be repeated."),
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(metavar="MASK", help="A mask to correct (not 0 is object).")
    ] = None,
    weights: Weights = None,
    device: Device = "auto",
    paper: Paper = False,
    zoom_in: ZoomIn = True,
    promise: Promise = True,
    output: Annotated[
        Path | None,
        typer.Option(metavar="MASK", help="PNG, TIFF or BMP; IMAGE-mask.png by default."),
    ] = None,
    overlay: Annotated[
        Path | None, typer.Option(metavar="PNG", help="A picture of image, mask and clicks.")
    ] = None,
) -> None:
    """Segment one object of an image; the mask is uint8, 0 background and 255 object."""
    from napari_itis.cli.segment import segment as run

    line = run(
        image,
        positive or [],
        negative or [],
        mask_path=mask,
        weights=weights,
        device=device,
        paper=paper,
        zoom_in=zoom_in,
        promise=promise,
        output=output,
        overlay_path=overlay,
    )
    typer.echo(line)


@app.command()
def evaluate(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="See docs/datasets.md.")],
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="The data set's folder.")],
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="The layout's list; val by default.")
    ] = None,
    weights: Weights = None,
    method: Annotated[
        str, typer.Option(metavar="itis|grabcut|graph-cut|random-walker|geodesic")
    ] = "itis",
    robot: Annotated[str, typer.Option(metavar="largest|cluster|random")] = "largest",
    max_clicks: Annotated[int, typer.Option(min=1)] = 20,
    target: Annotated[
        list[float] | None,
        typer.Option(metavar="IOU", help="May be repeated; 0.85 and 0.90 by default."),
    ] = None,
    initial_masks: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Masks to correct, ID.png or SEQUENCE/FRAME.png each."),
    ] = None,
    worst_frame: Annotated[
        bool, typer.Option("--worst-frame", help="Only each sequence's worst initial mask.")
    ] = False,
    every: Annotated[int, typer.Option(min=1, help="Every n-th frame of each sequence.")] = 1,
    paper: Paper = False,
    zoom_in: ZoomIn = True,
    promise: Promise = True,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first objects.")] = None,
    min_area: Annotated[int, typer.Option(min=0, help="Leave smaller objects out.")] = 100,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out what cannot be read.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    device: Device = "auto",
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="All figures.")] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Mean IoU against clicks.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Add the run to a page of all runs.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The run's name in the report.")] = None,
) -> None:
    """Let a robot user click on every object of a data set and count its clicks."""
    from napari_itis.cli.evaluate import EvaluateOptions
    from napari_itis.cli.evaluate import evaluate as run

    run(
        EvaluateOptions(
            dataset,
            root,
            split,
            method=method,
            weights=weights,
            device=device,
            paper=paper,
            zoom_in=zoom_in,
            promise=promise,
            robot=robot,
            max_clicks=max_clicks,
            targets=target or [0.85, 0.90],
            limit=limit,
            min_area=min_area,
            skip_bad=skip_bad,
            seed=seed,
            initial_masks=initial_masks,
            worst_frame=worst_frame,
            every=every,
            json_path=json,
            plot=plot,
            report=report,
            name=name,
            command=_command_line(context),
        )
    )


@app.command()
def train(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A shipped name or TOML file.")],
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="May be repeated.")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option(metavar="NAME:ROOT", help="May be repeated.")
    ] = None,
    output: Annotated[Path | None, typer.Option(metavar="DIR")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where DIR's run ended.")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out photos and masks that cannot be read.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Do not train: is all in place, how long will it take?")
    ] = False,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --check: what was found.")
    ] = None,
) -> None:
    """Train a network from clicks on its own mistakes."""
    from napari_itis.cli.train import check_training, train_with_progress

    overrides = [*(overrides or []), *(["skip_bad=true"] if skip_bad else [])]
    if check:
        check_training(config, overrides, data or [], output, json)
        return
    if json is not None:
        raise InputError("--json says what --check found: give both")
    train_with_progress(config, overrides, data or [], output, resume)


app.command()(compare)
app.command()(propagate)
app.command()(annotate)
app.command()(export)


@datasets_app.command("check")
def datasets_check(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="See docs/datasets.md.")],
    root: Annotated[Path, typer.Argument(metavar="ROOT")],
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="The layout's list; val by default.")
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="All figures.")] = None,
) -> None:
    """Read every photo and mask of a data set; print its objects and all that is wrong."""
    from napari_itis.cli.datasets import check

    check(dataset, root, split, json)


@datasets_app.command("download")
def datasets_download(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="See docs/datasets.md.")],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where to; data/DATASET by default.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="For sets with an archive for each split.")
    ] = None,
) -> None:
    """Fetch a data set, check its checksum and unpack it; or say where to get it."""
    from napari_itis.cli.datasets import download

    download(dataset, to, split)


def _command_line(context: typer.Context) -> str:
    """The command as it could be typed again: its arguments and all options that were given."""
    words = context.command_path.split()
    for parameter in context.command.params:
        value = context.params.get(parameter.name)
        source = context.get_parameter_source(parameter.name)
        if value is None or source is None or source.name != "COMMANDLINE":
            continue
        if parameter.param_type_name == "argument":
            words.append(str(value))
        elif isinstance(value, bool):
            words.append((parameter.opts if value else parameter.secondary_opts)[0])
        else:
            for part in value if isinstance(value, (list, tuple)) else [value]:
                words += [parameter.opts[0], str(part)]
    return shlex.join(words)
