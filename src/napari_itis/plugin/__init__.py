"""The napari plugin. Nothing here is imported by the rest of the package, and discovery imports no
torch: it is loaded in the inference thread."""
