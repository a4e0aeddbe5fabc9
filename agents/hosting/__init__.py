"""Users' agents, each in a process of its own, apart from the engine.

The public names stand in `__init__.pyi`; each is imported when it is first asked for, since what runs in the processes
lies here too and must start quickly.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
