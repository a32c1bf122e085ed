"""Everything that is wrong with a screen and its guide map at once, and how to mend it.

`check_screen` looks at each part on its own and suggests settings, where `read_screen` stops at the first fault.
"""

from .check import check_screen

__all__ = [
    "check_screen",
]
