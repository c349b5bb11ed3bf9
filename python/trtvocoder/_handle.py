"""What every handle of the C library has in common."""
from __future__ import annotations

from types import TracebackType
from typing import Optional, Type, TypeVar

from trtvocoder._library import InvalidArgumentError, destroy

_Self = TypeVar("_Self", bound="Handle")


class Handle:
    """What is to be given back: by close(), at the end of a with block, or with the object."""

    _kind = ""

    def __init__(self) -> None:
        self._handle: Optional[int] = None

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Frees it; a decode under way on another thread ends first. Any number of times."""
        handle, self._handle = getattr(self, "_handle", None), None
        if handle is not None:
            destroy(self._kind, handle)

    def _get(self) -> int:
        if self._handle is None:
            raise InvalidArgumentError(f"The {self._kind} is closed.")
        return self._handle
