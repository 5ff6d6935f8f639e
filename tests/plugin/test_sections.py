"""The parts of a dock that are folded away."""

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_itis.plugin.fold import Fold
from napari_itis.plugin.scrolling import scrolled
from napari_itis.plugin.sections import Sections


class Content(QLabel):
    """Notes how high the dock must be at least when it is shown."""

    def __init__(self, shown):
        super().__init__()
        self._shown = shown
        self.setMinimumHeight(200)

    def showEvent(self, event):
        super().showEvent(event)
        self._shown.append(self.window().minimumSizeHint().height())


def test_a_dock_never_has_room_for_two_open_sections(qapp):
    heights = []
    dock, sections = QWidget(), Sections()
    layout = QVBoxLayout(dock)
    layout.addWidget(sections)
    titles = [sections.add(name, "", Content(heights)) for name in ("a", "b")]
    dock.show()
    qapp.processEvents()
    folded = dock.minimumSizeHint().height()
    for title in (*titles, titles[0]):
        title.click()
        qapp.processEvents()
    assert len(heights) == 3 and max(heights) < folded + 300
    titles[0].click()
    qapp.processEvents()
    assert dock.minimumSizeHint().height() == folded
    dock.close()


def test_what_is_opened_is_to_be_seen(qapp):
    """In a dock that is scrolled, a part opened below its edge seemed to do nothing."""
    content, sections = QWidget(), Sections()
    layout = QVBoxLayout(content)
    section = sections.add("section", "", high := Content([]))
    fold = Fold("fold", "", lambda: Content([]))
    layout.addWidget(sections)
    layout.addWidget(fold)
    area = scrolled(content)
    area.resize(200, 250)
    area.show()
    qapp.processEvents()
    section.click()
    for _ in range(3):
        qapp.processEvents()
    assert _seen(area, high)
    fold.line.click()
    for _ in range(3):
        qapp.processEvents()
    assert _seen(area, fold.content)
    area.close()


def _seen(area, widget):
    top = widget.mapTo(area.viewport(), widget.rect().topLeft()).y()
    return top >= 0 and top + widget.height() <= area.viewport().height()
