"""Whatever is wrong is one clear line and the right exit code."""

from pathlib import Path

import pytest

from harness.server_process import run_program

pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "words"),
    [
        (["init", "shopfy"], {}, 2, ["shopfy", "did you mean shopify"]),
        (["refresh", "localhost"], {}, 2, ["localhost"]),
        (["refresh", "1.2.3.4"], {}, 2, ["1.2.3.4"]),
        (["refresh", "a..b"], {}, 2, ["a..b"]),
        (["refresh", "x" * 290 + ".com"], {}, 2, ["xxx"]),
        (["refresh", "p\u0430ypal.com"], {}, 2, ["mix"]),
        (["clear", "--older-than", "soon"], {}, 2, ["soon", "12h"]),
        (["clear"], {}, 2, ["--older-than"]),
        (["list", "--filter", "color=red"], {}, 2, ["color=red", "status="]),
        (["stats"], {"LOGO_CACHE_MAX_SIZE_MB": "much"}, 2, ["LOGO_CACHE_MAX_SIZE_MB", "much"]),
        (["stats"], {"LOGO_CACHE_SIZE": "5"}, 2, ["LOGO_CACHE_SIZE"]),
        (["stats", "--config", "/nowhere.toml"], {}, 2, ["/nowhere.toml"]),
        (["init"], {"LOGO_CACHE_CATALOG": "/nowhere.toml"}, 2, ["/nowhere.toml"]),
        (["init", "shopify"], {"LOGO_CACHE_PROVIDERS": "sight"}, 2, ["sight", "site"]),
        (["init", "shopify"], {"LOGO_CACHE_PROVIDERS": "brandfetch"}, 2, ["brandfetch"]),
        (["init"], {"LOGO_CACHE_DIR": "/proc/logos"}, 3, ["/proc/logos"]),
        (["init"], {"LOGO_CACHE_DIR": "/dev/null"}, 3, ["/dev/null"]),
        (["init"], {"LOGO_CACHE_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x"}, 3, ["127.0.0.1"]),
        (["init"], {"LOGO_CACHE_DATABASE_URL": "sqlite:////dev/null/x.db"}, 3, ["/dev/null/x.db"]),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_bad_input_is_one_clear_line(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], code: int, words: list[str]
) -> None:
    usual = {"LOGO_CACHE_DIR": str(tmp_path / "logos"), "LOGO_CACHE_OFFLINE": "true"}
    if code == 2:
        assert run_program("init", "stripe", environment=usual).returncode == 0
    result = run_program(*arguments, environment=usual | environment)
    assert (result.returncode, result.stdout) == (code, "")
    assert "Traceback" not in result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert all(word in lines[0] for word in words), lines[0]
    assert "secret" not in lines[0]
