"""The lab: an OAuth 2.1 authorization server and an MCP server to practise on.

    from flows.lab import FAULTS, Lab

No name imports a server library; entering `Lab` does.
"""

from flows.lab.faults import FAULTS, Fault, UnknownFault
from flows.lab.lab import Lab, PortError

__all__ = ["FAULTS", "Fault", "Lab", "PortError", "UnknownFault"]
