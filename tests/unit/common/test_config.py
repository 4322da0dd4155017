"""The configuration: read from variables and files, refused as a whole with every reason."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from common.config import load_config, load_config_or_exit, refuse_to_start
from common.errors import ConfigError
from common.rates import Rate
from common.settings import Settings
from common.settings_schema import SettingsSchema
from tests.support.environment import ROUTES, smallest_environ

if TYPE_CHECKING:
    from pathlib import Path

TWO_KEYS = (
    ROUTES
    + """
[[routes]]
name = "churned"
cohort_id = "77"
study_id = "st_churned"
api_key_env = "CHURNED_KEY"
rate_limit = "30/minute"
"""
)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return smallest_environ(tmp_path)


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(environ)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_the_smallest_environment_is_enough(environ: dict[str, str]) -> None:
    config = load_config(environ)
    assert config.settings.koji_webhook_secrets == ("koji_test_secret",)
    assert config.settings.mixpanel_webhook_credentials == (("mixpanel", "secret"),)
    assert [route.name for route in config.routes] == ["activation"]


def test_what_is_unset_and_has_no_default_is_none(environ: dict[str, str]) -> None:
    settings = load_config(environ).settings
    assert settings.console_credentials is None
    assert settings.worker_concurrency is None
    assert settings.sentry_dsn is None


def test_each_variable_of_the_schema_is_a_setting() -> None:
    assert [field.name for field in fields(Settings)] == list(SettingsSchema().fields)


def test_other_peoples_variables_are_left_alone(environ: dict[str, str]) -> None:
    others = {"PATH": "/bin", "KOJI_UNKNOWN": "x"}
    assert load_config({**environ, **others}).settings == load_config(environ).settings


def test_without_an_argument_the_processs_own_environment_is_read(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**environ, "PORT": "8123"}.items():
        monkeypatch.setenv(name, value)
    assert load_config().settings.port == 8123


# --- files in the place of values ---


def test_a_value_may_stand_in_a_file(environ: dict[str, str], tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("from-a-file\n")
    del environ["MIXPANEL_PROJECT_TOKEN"]
    environ["MIXPANEL_PROJECT_TOKEN_FILE"] = str(secret)
    assert load_config(environ).settings.mixpanel_project_token == "from-a-file"


def test_a_key_that_a_route_names_may_stand_in_a_file(tmp_path: Path) -> None:
    environ = smallest_environ(tmp_path, TWO_KEYS)
    (tmp_path / "key").write_text(" pk_live_churned \n")
    environ["CHURNED_KEY_FILE"] = str(tmp_path / "key")
    assert load_config(environ).api_keys["CHURNED_KEY"] == "pk_live_churned"


def test_a_value_given_twice_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "token").write_text("other")
    environ["MIXPANEL_PROJECT_TOKEN_FILE"] = str(tmp_path / "token")
    assert problems(environ) == [
        (
            "MIXPANEL_PROJECT_TOKEN: set both directly and as MIXPANEL_PROJECT_TOKEN_FILE; "
            "keep one of them."
        )
    ]


def test_a_key_given_twice_is_told_once(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "key").write_text("other")
    environ["KOJI_API_KEY_FILE"] = str(tmp_path / "key")
    assert problems(environ) == [
        "KOJI_API_KEY: set both directly and as KOJI_API_KEY_FILE; keep one of them."
    ]


def test_a_file_that_is_not_there_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    environ["SENTRY_DSN_FILE"] = str(tmp_path / "gone")
    assert problems(environ) == [
        f"SENTRY_DSN_FILE: cannot read {tmp_path / 'gone'}: No such file or directory."
    ]


def test_a_file_that_is_no_text_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    environ["SENTRY_DSN_FILE"] = str(tmp_path / "binary")
    assert problems(environ) == [
        f"SENTRY_DSN_FILE: cannot read {tmp_path / 'binary'}: not UTF-8 text."
    ]


def test_an_unreadable_file_does_not_give_its_content_away(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "binary").write_bytes(b"pk_live_secret\xff")
    environ["SENTRY_DSN_FILE"] = str(tmp_path / "binary")
    assert "pk_live_secret" not in "".join(problems(environ))


# --- empty is unset ---


@pytest.mark.parametrize("name", ["PORT", "SENTRY_DSN", "CONSOLE_CREDENTIALS", "PORT_FILE"])
def test_an_empty_variable_counts_as_unset(environ: dict[str, str], name: str) -> None:
    assert load_config({**environ, name: ""}).settings == load_config(environ).settings


def test_space_around_a_value_is_none_of_it(environ: dict[str, str]) -> None:
    environ |= {"MIXPANEL_PROJECT_TOKEN": " token\r", "KOJI_API_KEY": "key\n", "SENTRY_DSN": " "}
    config = load_config(environ)
    assert config.settings.mixpanel_project_token == "token"
    assert config.api_keys["KOJI_API_KEY"] == "key"
    assert config.settings.sentry_dsn is None


def test_an_empty_file_counts_as_unset(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    assert load_config({**environ, "PORT_FILE": str(tmp_path / "empty")}).settings.port == 8000


@pytest.mark.parametrize(
    "name", ["MIXPANEL_WEBHOOK_CREDENTIALS", "KOJI_WEBHOOK_SECRETS", "MIXPANEL_PROJECT_TOKEN"]
)
def test_what_is_required_may_be_neither_missing_nor_empty(
    environ: dict[str, str], name: str
) -> None:
    expected = [f"{name}: Missing data for required field."]
    assert problems({**environ, name: ""}) == expected
    del environ[name]
    assert problems(environ) == expected


# --- every problem at once ---


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    environ = smallest_environ(tmp_path, ROUTES + 'mood = "cheerful"\n' + TWO_KEYS[len(ROUTES) :])
    del environ["MIXPANEL_PROJECT_TOKEN"]
    found = problems(
        {
            **environ,
            "PORT": "eighty",
            "LOG_LEVEL": "LOUD",
            "SENTRY_DSN_FILE": str(tmp_path / "gone"),
            "MIXPANEL_SERVICE_ACCOUNT": "robot:secret",
            "KOJI_BASE_URL": "http://koji.example",
        }
    )
    assert [line.split(":")[0] for line in found] == sorted(
        [
            environ["BRIDGE_ROUTES"],
            "CHURNED_KEY",
            "KOJI_BASE_URL",
            "LOG_LEVEL",
            "MIXPANEL_PROJECT_ID",
            "MIXPANEL_PROJECT_TOKEN",
            "PORT",
            "SENTRY_DSN_FILE",
        ]
    )


def test_a_wrong_variable_does_not_hide_the_routes_problems(
    environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "routes.toml").write_text("nothing = 1\n")
    found = problems({**environ, "PORT": "eighty"})
    assert "PORT: Not a valid integer." in found
    assert f"{environ['BRIDGE_ROUTES']}: needs at least one [[routes]] table" in str(found)


def test_one_of_several_wrong_pairs_is_told(environ: dict[str, str]) -> None:
    environ["MIXPANEL_WEBHOOK_CREDENTIALS"] = "right:one,wrong"
    assert problems(environ) == [
        "MIXPANEL_WEBHOOK_CREDENTIALS: Must be user:password, neither of them empty."
    ]


# --- routes and their keys ---


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file or directory"), (b"\xff", "not UTF-8 text")],
)
def test_routes_that_cannot_be_read_are_one_problem(
    environ: dict[str, str], tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "other.toml"
    if content is not None:
        path.write_bytes(content)
    assert problems({**environ, "BRIDGE_ROUTES": str(path)}) == [
        f"BRIDGE_ROUTES: cannot read {path}: {reason} (copy routes.example.toml to begin with)."
    ]


def test_the_routes_are_looked_for_beside_the_process_by_default(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    del environ["BRIDGE_ROUTES"]
    assert load_config(environ).routes.named("activation") is not None


def test_each_route_has_the_key_that_it_names(tmp_path: Path) -> None:
    environ = smallest_environ(tmp_path, TWO_KEYS) | {"CHURNED_KEY": "pk_live_churned"}
    config = load_config(environ)
    assert [config.api_key(route) for route in config.routes] == ["pk_live_test", "pk_live_churned"]


def test_a_missing_key_is_told_with_the_routes_that_need_it(tmp_path: Path) -> None:
    environ = smallest_environ(tmp_path, TWO_KEYS.replace("CHURNED_KEY", "KOJI_API_KEY"))
    del environ["KOJI_API_KEY"]
    assert problems(environ) == [
        "KOJI_API_KEY: not set, but route activation, churned takes its Koji key from it."
    ]


def test_the_general_key_is_not_needed_where_every_route_has_its_own(tmp_path: Path) -> None:
    routes = ROUTES + 'api_key_env = "OTHER_KEY"\n'
    environ = smallest_environ(tmp_path, routes) | {"OTHER_KEY": "pk_live_other"}
    del environ["KOJI_API_KEY"]
    assert load_config(environ).settings.koji_api_key is None


def test_a_route_without_a_limit_has_the_general_one(tmp_path: Path) -> None:
    environ = smallest_environ(tmp_path, TWO_KEYS) | {"CHURNED_KEY": "x"}
    config = load_config({**environ, "KOJI_RATE_LIMIT": "90/hour"})
    assert [config.rate_limit(route) for route in config.routes] == [Rate(90, 3600), Rate(30, 60)]


# --- at the start of a process ---


def test_a_process_with_a_right_configuration_goes_on(environ: dict[str, str]) -> None:
    assert load_config_or_exit(environ).settings == load_config(environ).settings


def test_a_process_with_a_wrong_configuration_prints_all_of_it_and_ends_with_2(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {**environ, "PORT": "eighty", "LOG_FORMAT": "xml"}
    expected = problems(wrong)
    with pytest.raises(SystemExit) as caught:
        load_config_or_exit(wrong)
    out, err = capsys.readouterr()
    assert caught.value.code == 2
    assert out == ""
    assert len(expected) == 2
    assert all(f"  - {problem}\n" in err for problem in expected)


def test_a_refusal_counts_the_problems_and_says_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        refuse_to_start(["PORT: taken."])
    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        "Not started: 1 problem(s) with the configuration.\n  - PORT: taken.\n"
        "Set the variables in the environment or in .env; .env.example explains each of them.\n"
    )
