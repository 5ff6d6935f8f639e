"""Annotations in the formats of others: each file is written whole or not at all."""

from napari_itis.annotation.exports.formats import (
    FORMATS,
    Export,
    ExportError,
    ExportFormat,
    Progress,
    export,
)

__all__ = ["FORMATS", "Export", "ExportError", "ExportFormat", "Progress", "export"]
