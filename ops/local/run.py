"""`make run`: every process, kept running until Ctrl-C.

Against what `.env` names. Where it names no Redis, an embedded one is started (its files stay in
.run/); where it names no Koji, the sandbox plays both partners.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from dotenv import dotenv_values, set_key

from common.config import USAGE_EXIT_CODE, load_config
from common.errors import ConfigError
from ops.local.embedded_redis import server_command
from ops.local.local_bridge import COHORT_ID, ROUTES
from ops.local.ports import free_port
from ops.local.sandbox_process import Sandbox
from ops.local.supervised import ROOT, Program, Supervised, procfile_programs

if TYPE_CHECKING:
    from collections.abc import Mapping

SANDBOX = Sandbox(koji_port=9101, mixpanel_port=9102)
# With any of these set, the user means the real partners.
REAL_PARTNERS = ("KOJI_API_KEY", "KOJI_BASE_URL", "MIXPANEL_PROJECT_TOKEN", "MIXPANEL_API_HOST")


def local_environ(environ: Mapping[str, str]) -> tuple[dict[str, str], list[Program], list[str]]:
    """Fill in what is not set; returns the environment, further processes and lines to print."""
    env, programs, notes = dict(environ), [], []
    env.setdefault("LOG_FORMAT", "pretty")
    folder = ROOT / ".run"
    if not (env.get("REDIS_URL") or env.get("REDIS_URL_FILE")):
        port = free_port()
        (folder / "redis").mkdir(parents=True, exist_ok=True)
        command = server_command(port, folder / "redis")
        programs.append(Program("redis", tuple(command), priority=1))
        env["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        notes.append("Redis      embedded, its files in .run/redis")
    if not any(env.get(name) or env.get(f"{name}_FILE") for name in REAL_PARTNERS):
        notes += _play_partners(env, programs)
    for name, page_port, page in (
        ("CONSOLE_CREDENTIALS", env.get("CONSOLE_PORT", "8001"), "Console"),
        ("FLOWER_BASIC_AUTH", env.get("FLOWER_PORT", "5555"), "Flower"),
    ):
        if not (env.get(name) or env.get(f"{name}_FILE")):
            env[name] = f"admin:{secrets.token_urlsafe(9)}"
            notes.append(
                f"{page:<10} http://127.0.0.1:{page_port}  {env[name].replace(':', ' / ')}"
            )
        else:
            notes.append(f"{page:<10} http://127.0.0.1:{page_port}  ({name})")
    notes.insert(0, f"Ingress    http://127.0.0.1:{env.get('PORT', '8000')}")
    return env, programs, notes


def _play_partners(env: dict[str, str], programs: list[Program]) -> list[str]:
    """Let the sandbox be Koji and Mixpanel."""
    port = env.get("PORT", "8000")
    env.setdefault("KOJI_WEBHOOK_SECRETS", "sandbox-webhook-secret")
    env.setdefault("MIXPANEL_WEBHOOK_CREDENTIALS", "mixpanel:sandbox")
    env["KOJI_API_KEY"] = "pk_live_sandbox"
    env["MIXPANEL_PROJECT_TOKEN"] = "sandbox-project-token"  # noqa: S105 - nobody's
    env["KOJI_BASE_URL"] = SANDBOX.koji_url
    env["MIXPANEL_API_HOST"] = env["MIXPANEL_QUERY_HOST"] = SANDBOX.mixpanel_url
    notes = [f"Sandbox    Koji {SANDBOX.koji_url}, Mixpanel {SANDBOX.mixpanel_url}"]
    if not (ROOT / env.get("BRIDGE_ROUTES", "routes.toml")).exists():
        path = ROOT / ".run" / "routes.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(ROUTES, encoding="utf-8")
        env["BRIDGE_ROUTES"] = str(path)
        notes.append(f"Routes     none yet; cohort {COHORT_ID} goes to the sandbox")
    programs.append(
        SANDBOX.program(
            webhook_url=f"http://127.0.0.1:{port}/webhooks/koji",
            secret=env["KOJI_WEBHOOK_SECRETS"].split(",")[0],
            options={},
        )
    )
    return notes


def main() -> int:
    """Run until Ctrl-C or SIGTERM; returns 2 for a configuration that cannot work."""
    from_file = {k: v for k, v in dotenv_values(ROOT / ".env").items() if v is not None}
    env, programs, notes = local_environ({**from_file, **os.environ})
    try:
        load_config(env)
    except ConfigError as exc:
        problems = "\n".join(f"  - {problem}" for problem in exc.problems)
        sys.stderr.write(f"Not started:\n{problems}\nMend .env (see .env.example), then again.\n")
        return USAGE_EXIT_CODE
    sys.stdout.write("\n".join(notes) + "\nCtrl-C stops everything.\n\n")
    sys.stdout.flush()
    supervised = Supervised(
        [*programs, *procfile_programs()], env, folder=ROOT / ".run", to_terminal=True
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    made_up = ROOT / ".run" / "env"
    made_up.touch(mode=0o600)
    for name, value in env.items():
        if name not in os.environ and name not in from_file:
            set_key(made_up, name, value)
    try:
        with suppress(KeyboardInterrupt):
            supervised.wait()
        supervised.stop()
    finally:
        made_up.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
