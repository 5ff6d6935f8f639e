"""The parts of a dock that are folded away."""

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

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
