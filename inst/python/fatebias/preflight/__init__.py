"""Everything that is wrong with a screen and its guide map at once, and how to mend it.

For the person who tries a screen of their own for the first time: `read_screen` stops at the first fault, while
`check_screen` looks at each part on its own, goes on past what is wrong, tells faults from doubts, and suggests the
settings and the names that would fit. It fits nothing.
"""

from .check import check_screen
from .memory import ScreenSize, doubt_memory, fit_memory, refuse_large_fit

__all__ = [
    "ScreenSize",
    "check_screen",
    "doubt_memory",
    "fit_memory",
    "refuse_large_fit",
]
