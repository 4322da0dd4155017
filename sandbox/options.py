"""What the sandbox can be told, by command line or by `SANDBOX_<NAME>` variables."""

import argparse
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.koji.signatures import SCHEMES, make_key

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


def _seconds_list(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",") if part.strip())


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def _option(
    default: Any,
    meaning: str,
    parse: Callable[[str], object] = str,
    choices: Sequence[str] | None = None,
) -> Any:
    metadata = {"meaning": meaning, "parse": parse, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything that can be set; a field is `--its-name` and `SANDBOX_ITS_NAME`."""

    host: str = _option("127.0.0.1", "address to listen on")
    koji_port: int = _option(9101, "port of the local Koji; 0 picks a free one", int)
    mixpanel_port: int = _option(9102, "port of the local Mixpanel; 0 picks a free one", int)
    seed: str = _option("0", "seed of analyses and faults")
    latency_ms: float = _option(0.0, "milliseconds that every API call takes at least", float)

    api_key: tuple[str, ...] = _option((), "an accepted Koji API key, repeatable; none = any")
    rate_limit: int = _option(60, "Koji calls per window and key; 0 = no limit", int)
    rate_window_seconds: float = _option(60.0, "length of the sliding window", float)
    count_refused: bool = _option(default=False, meaning="refused calls fill the window too")
    dedupe: str = _option(
        "email", "what makes a start a duplicate", choices=("email", "idempotency", "both", "off")
    )
    link_key: str = _option("", "key of a link in the answer to a start; empty = no link")
    duplicate_answer: int = _option(200, "status of a duplicate start: 200 or 409", int)

    interview_delay_seconds: float = _option(1.0, "shortest interview", float)
    interview_delay_max_seconds: float = _option(0.0, "longest interview; 0 = the shortest", float)
    auto_interview: bool = _option(default=True, meaning="hold interviews without being told to")
    anonymous_share: float = _option(0.0, "share of anonymous interviews, 0 to 1", _share)

    webhook_url: str = _option("http://127.0.0.1:8000/webhooks/koji", "where results are sent")
    webhook_secret: str = _option("sandbox-webhook-secret", "key of the webhook signature")
    signature_scheme: str = _option("hmac_hex", "how webhooks are signed", choices=SCHEMES)
    signature_header: str = _option("X-Koji-Signature", "header of the signature")
    timestamp_header: str = _option("X-Koji-Timestamp", "header of the time (hmac_ts_hex)")
    webhook_retry_seconds: tuple[float, ...] = _option(
        (0.5, 1.0, 2.0), "pauses before the retries of a webhook", _seconds_list
    )
    payload_shape: str = _option("wrapped", "webhook body", choices=("wrapped", "flat"))
    theme_shape: str = _option("strings", "form of a theme", choices=("strings", "objects"))

    project_token: str = _option("", "accepted Mixpanel project token; none = any")
    service_account: str = _option("", "accepted Mixpanel service account, user:secret; none = any")
    query_limit: int = _option(60, "Mixpanel queries per hour; 0 = no limit", int)


def parse_options(argv: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Return the options; the command line wins over the environment, API keys add up.

    Raises SystemExit(2), after printing the reason, for an option that cannot be used.
    """
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    for field in dataclasses.fields(Options):
        _add_argument(parser, field)
    values = vars(parser.parse_args([*_from_environment(parser, environ), *argv]))
    keys = values["api_key"] or ()
    values["api_key"] = tuple(key for text in keys for key in text.split(",") if key)
    options = Options(**values)
    if problem := _find_problem(options):
        parser.error(problem)
    return options


def _add_argument(parser: argparse.ArgumentParser, field: dataclasses.Field[Any]) -> None:
    flag = "--" + field.name.replace("_", "-")
    meaning = field.metadata["meaning"]
    if isinstance(field.default, bool):
        parser.add_argument(
            flag, action=argparse.BooleanOptionalAction, default=field.default, help=meaning
        )
    elif field.name == "api_key":
        parser.add_argument(flag, action="append", help=meaning)
    else:
        parser.add_argument(
            flag,
            type=field.metadata["parse"],
            choices=field.metadata["choices"],
            default=field.default,
            help=f"{meaning} (default: %(default)s)",
        )


def _from_environment(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> Iterator[str]:
    for field in dataclasses.fields(Options):
        variable = f"SANDBOX_{field.name.upper()}"
        flag = field.name.replace("_", "-")
        text = environ.get(variable)
        if text is None:
            continue
        if not isinstance(field.default, bool):
            yield f"--{flag}={text}"
        elif text.lower() in _TRUE:
            yield f"--{flag}"
        elif text.lower() in _FALSE:
            yield f"--no-{flag}"
        else:
            parser.error(f"{variable}: {text!r} is neither true nor false")


def _find_problem(options: Options) -> str | None:
    if options.duplicate_answer not in {200, 409}:
        return "--duplicate-answer is 200 or 409"
    if options.service_account and ":" not in options.service_account:
        return "--service-account is user:secret"
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if isinstance(value, int | float) and value < 0:
            return f"--{field.name.replace('_', '-')} must not be negative"
    try:
        make_key(options.signature_scheme, options.webhook_secret)
    except ValueError as exc:
        return f"--webhook-secret: {exc}"
    return None
