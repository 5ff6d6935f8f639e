"""Objects as polygons with holes, in GeoJSON."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from napari_itis.annotation.exports.export import Export, Instance, rounded
from napari_itis.annotation.exports.polygons import polygons
from napari_itis.annotation.record import Frame

_COORDINATES = (
    "x, y in pixels, y downwards; the pixel of row r and column c reaches from x = c to c + 1 and "
    "from y = r to r + 1"
)


def write_geojson(file: BinaryIO, export: Export) -> None:
    """Write a feature for every object and frame that it is on.

    Outlines follow the edges of the pixels: nothing is smoothed, the pixels are exactly those
    inside.

    Parameters
    ----------
    file : binary file
    export : Export
    """
    size = export.size
    features = [
        _feature(export, frame, one) for frame in export.frames() for one in export.instances(frame)
    ]
    text = json.dumps(
        {
            "type": "FeatureCollection",
            "image": export.image,
            "coordinates": _COORDINATES,
            "pixel_size": {"y": rounded(size.y), "x": rounded(size.x), "unit": size.unit},
            "features": features,
        },
        ensure_ascii=False,
    )
    file.write(text.encode())


def _feature(export: Export, frame: Frame, one: Instance) -> dict[str, Any]:
    top, left = (part.start for part in one.box)
    parts = [
        [[[x + left, y + top] for x, y in (*ring, ring[0])] for ring in polygon]
        for polygon in polygons(one.mask)
    ]
    single = len(parts) == 1
    properties: dict[str, Any] = {
        "object": one.label,
        "name": export.name(one.label),
        "area_px": one.area,
        "area": rounded(one.area * export.size.area),
        "area_unit": export.size.area_unit,
    }
    if frame:
        properties["slice"] = list(frame)
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {
            "type": "Polygon" if single else "MultiPolygon",
            "coordinates": parts[0] if single else parts,
        },
    }
