from .fault import HostedFault, Refused
from .isolation import Isolation, available, isolation
from .limits import Limits
from .make import host_file, host_program

__all__ = [
    "HostedFault",
    "Isolation",
    "Limits",
    "Refused",
    "available",
    "host_file",
    "host_program",
    "isolation",
]
