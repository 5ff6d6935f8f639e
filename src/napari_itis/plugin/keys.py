"""Keys of the viewer, bound for as long as the widget is open."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

from napari.utils.key_bindings import coerce_keybinding


class Keys:
    """Binds keys of a viewer or layer and puts back what was there before.

    Parameters
    ----------
    provider : napari.components.ViewerModel or napari.layers.Layer
    actions : mapping of str to callable
        Keys in napari's notation, and what they do; called without arguments.
    """

    def __init__(self, provider: Any, actions: Mapping[str, Callable[[], object]]) -> None:
        # A bound key must not keep a closed viewer in memory.
        self._provider = weakref.ref(provider)
        self._actions = dict(actions)
        self._before: dict[str, Any] = {}
        self._bound: dict[str, Callable[[Any], None]] = {}

    def bind(self) -> None:
        """Bind the keys; does nothing where they are bound."""
        provider = self._provider()
        if self._bound or provider is None:
            return
        for key, action in self._actions.items():
            self._bound[key] = _ignoring_provider(action)
            before = provider.bind_key(key, self._bound[key], overwrite=True)
            if before is not None:
                self._before[key] = before

    def unbind(self) -> None:
        """Put back what was there; a key that somebody else has bound meanwhile is left alone."""
        provider = self._provider()
        for key, action in self._bound.items() if provider is not None else ():
            if provider.keymap.get(coerce_keybinding(key)) is action:
                provider.bind_key(key, self._before.get(key), overwrite=True)
        self._bound.clear()
        self._before.clear()


def _ignoring_provider(action: Callable[[], object]) -> Callable[[Any], None]:
    def run(_provider: Any) -> None:
        action()

    return run
