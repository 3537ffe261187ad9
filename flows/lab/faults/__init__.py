"""The registry of named faults, light enough to list without importing a server.

FAULTS: dict[str, Fault]    every fault by its name, in the order of the walk
"""

from flows.lab.faults.authorization import AUTHORIZATION
from flows.lab.faults.discovery import DISCOVERY
from flows.lab.faults.guards import GUARDS
from flows.lab.faults.mcp import MCP
from flows.lab.faults.mechanism import Fault, Switchboard, UnknownFault
from flows.lab.faults.tokens import TOKENS

__all__ = ["FAULTS", "Fault", "Switchboard", "UnknownFault"]

FAULTS: dict[str, Fault] = {
    fault.name: fault for fault in (*DISCOVERY, *AUTHORIZATION, *TOKENS, *MCP, *GUARDS)
}
