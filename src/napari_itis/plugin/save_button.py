"""The button that saves the masks of a video."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from napari_itis.plugin.mask_saving import REPLACE, TIFF


class SaveButton(QPushButton):
    """Asks where to: the suggested folder, another one, or a TIFF."""

    asked = Signal(object, bool)
    """(Path, overwrite): save there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Save masks", parent)
        self._suggested: Path | None = None
        self.setToolTip("Write the masks of all frames")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self._here = menu.addAction("")
        self._here.triggered.connect(lambda: self._save_to(self._suggested))
        self._folder = menu.addAction("To another folder of PNGs …")
        self._folder.setToolTip("One palette PNG a frame, as DAVIS has them")
        self._folder.triggered.connect(self._ask_folder)
        self._file = menu.addAction("To a TIFF file …")
        self._file.setToolTip("One page a frame, for object numbers of any size")
        self._file.triggered.connect(self._ask_file)
        menu.addSeparator()
        self._replace = menu.addAction(REPLACE)
        self._replace.setCheckable(True)
        self._replace.setToolTip("Off, a folder that holds masks already is left as it is")
        self.setMenu(menu)
        self.show_suggestion(None)

    def show_suggestion(self, folder: Path | None) -> None:
        """Offer a folder."""
        self._here.setVisible(folder is not None)
        if folder is not None and folder != self._suggested:
            # An ampersand would be taken for a mnemonic.
            self._here.setText("To " + "/".join(folder.parts[-2:]).replace("&", "&&"))
            self._here.setToolTip(f"One palette PNG a frame, to {folder}")
        self._suggested = folder

    def _ask_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, "Folder for one PNG a frame", self._start("")
        )
        self._save_to(Path(chosen) if chosen else None)

    def _save_to(self, folder: Path | None) -> None:
        if folder is None:
            return
        overwrite = self._replace.isChecked()
        # Asked for once, not for every folder from now on.
        self._replace.setChecked(False)
        self.asked.emit(folder, overwrite)

    def _ask_file(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, "One TIFF with all masks", self._start(".tif"), "TIFF (*.tif *.tiff)"
        )
        if not chosen:
            return
        path = Path(chosen)
        named = path if path.suffix.lower() in TIFF else path.with_name(path.name + ".tif")
        # The dialog has asked whether to replace the file that was named there, and no other.
        self.asked.emit(named, named == path)

    def _start(self, suffix: str) -> str:
        if self._suggested is None:
            return ""
        there = next(parent for parent in self._suggested.parents if parent.is_dir())
        return str(there / (self._suggested.name + suffix)) if suffix else str(there)
