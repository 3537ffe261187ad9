"""JSON-RPC over Streamable HTTP: building requests and reading answers, without sending."""
