"""oidc-provider-mock: an OpenID provider alone, whose login is a form."""

from __future__ import annotations

import os
import threading

import oidc_provider_mock  # type: ignore[import-untyped]


def main() -> None:
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    with oidc_provider_mock.run_server_in_thread() as server:
        print(f"http://localhost:{server.server_port}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
