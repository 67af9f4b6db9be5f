"""Holds a live server against its own OpenAPI document, by schemathesis: nothing undocumented, no 500.

Run as a program; its exit code is that of schemathesis, or 1 when the server logged a mistake of its own.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from harness.server_process import run_program, serving

HERE = Path(__file__).parent
TOKEN = "a token that only this check knows"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "LOGO_CACHE_DIR": f"{folder}/logos",
            "LOGO_CACHE_OFFLINE": "true",
            "LOGO_CACHE_ON_DEMAND": "any",
            "LOGO_CACHE_MISSES_PER_MINUTE": "0",
            "LOGO_CACHE_ADMIN_TOKEN": TOKEN,
        }
        run_program("init", environment=environment).check_returncode()
        with serving(environment=environment) as server:
            command = ["schemathesis", "--config-file", str(HERE / "schemathesis.toml"), "run"]
            command += ["--header", f"Authorization: Bearer {TOKEN}", "--checks", "all"]
            result = subprocess.run([*command, f"{server.url}/openapi.json"], check=False)
            code, _ = server.end()
        broken = [line for line in server.log if '"level": "error"' in line]
        sys.stderr.writelines(broken)
        return result.returncode or code or bool(broken)


if __name__ == "__main__":
    sys.exit(main())
