"""Settings: each one that is wrong or missing is named, in one line, without its value."""

import re
from pathlib import Path

import pytest

from billing.settings import CannotStart, DatabaseSettings, Environment, Settings, load

REAL = {
    "STRIPE_API_KEY": "sk_test_0123456789",
    "STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old",
    "TOKEN_SECRET": "n" * 32 + "," + "o" * 32,
    "ALLOWED_REDIRECT_ORIGINS": "https://shop.example, http://localhost:3000",
    "PUBLIC_URL": "https://pay.example",
}
SANDBOX = {
    "STRIPE_API_KEY": "sk_test_0123456789",
    "STRIPE_API_BASE": "http://127.0.0.1:8001",
    "STRIPE_WEBHOOK_SECRET": "whsec_s",
    "TOKEN_SECRET": "s" * 32,
    "ASSENT_ENV": "development",
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's environment nor its .env."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def given(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load(Settings)


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    with pytest.raises(CannotStart) as caught:
        given(monkeypatch, **environment)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return str(caught.value)


def test_what_the_environment_says_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, **REAL)
    assert settings.webhook_secrets == ["whsec_new", "whsec_old"]
    assert settings.token_secrets == ["n" * 32, "o" * 32]
    assert settings.allowed_redirect_origins == ("https://shop.example", "http://localhost:3000")
    assert settings.address == "https://pay.example"
    assert settings.assent_env is Environment.PRODUCTION
    assert not settings.livemode
    assert not settings.has_sandbox


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1234\nHOST=127.0.0.2\nUNKNOWN=1\n")
    settings = given(monkeypatch, **REAL, PORT="4321")
    assert (settings.host, settings.port) == ("127.0.0.2", 4321)


def test_an_empty_value_is_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch, **REAL, PORT="").port == 8000


def test_a_command_that_needs_the_database_alone_asks_for_nothing_else() -> None:
    assert load(DatabaseSettings).database_url.get_secret_value() == "sqlite:///var/assent.sqlite3"


@pytest.mark.parametrize(
    ("change", "name", "fix"),
    [
        ({"STRIPE_API_KEY": ""}, "STRIPE_API_KEY", "assent serve --sandbox"),
        ({"STRIPE_API_KEY": "verysecret"}, "STRIPE_API_KEY", "sk_test_"),
        ({"STRIPE_API_KEY": "pk_test_verysecret"}, "STRIPE_API_KEY", "publishable"),
        ({"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET", "whsec_"),
        ({"STRIPE_WEBHOOK_SECRET": ","}, "STRIPE_WEBHOOK_SECRET", "whsec_"),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_ok,verysecret"}, "STRIPE_WEBHOOK_SECRET", "whsec_"),
        ({"TOKEN_SECRET": ""}, "TOKEN_SECRET", "openssl rand"),
        ({"TOKEN_SECRET": "verysecret"}, "TOKEN_SECRET", "32"),
        ({"ALLOWED_REDIRECT_ORIGINS": ""}, "ALLOWED_REDIRECT_ORIGINS", "https://shop.example"),
        ({"ALLOWED_REDIRECT_ORIGINS": "https://shop.example/path"}, "ALLOWED_REDIRECT_ORIGINS", "scheme"),
        ({"ALLOWED_REDIRECT_ORIGINS": "http://shop.example"}, "ALLOWED_REDIRECT_ORIGINS", "http is for this machine"),
        ({"PUBLIC_URL": ""}, "PUBLIC_URL", "https://pay.example"),
        ({"DATABASE_URL": "mysql://root:verysecret@host/x"}, "DATABASE_URL", "postgresql://"),
        ({"DATABASE_URL": "postgresql://root:verysecret@host:port/x"}, "DATABASE_URL", "postgresql://"),
        ({"PORT": "99999"}, "PORT", "65535"),
        ({"APPLIER": "verysecret"}, "APPLIER", "boolean"),
        ({"ASSENT_ENV": "verysecret"}, "ASSENT_ENV", "production"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8, verysecret"}, "TRUSTED_PROXIES", "10.0.0.0/8"),
        ({"STRIPE_API_BASE": "verysecret"}, "STRIPE_API_BASE", "https"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix_and_without_its_value(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], name: str, fix: str
) -> None:
    line = refusal(monkeypatch, **{**REAL, **change})
    assert line.startswith(name)
    assert fix in line
    assert "verysecret" not in line


def test_a_live_key_goes_to_stripe_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    live = {**REAL, "STRIPE_API_KEY": "rk_live_0123456789"}
    assert refusal(monkeypatch, **live, STRIPE_API_BASE="http://127.0.0.1:8001").startswith("STRIPE_API_BASE")
    assert refusal(monkeypatch, **live, STRIPE_API_BASE="https://api.stripe.com.evil").startswith("STRIPE_API_BASE")
    assert given(monkeypatch, **live, STRIPE_API_BASE="https://api.stripe.com").livemode


def test_a_test_key_goes_to_another_machine_only_where_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {**REAL, "STRIPE_API_BASE": "https://stripe.staging.example"}
    assert "ASSENT_ENV=development" in refusal(monkeypatch, **elsewhere)
    assert given(monkeypatch, **elsewhere, ASSENT_ENV="development").stripe_api_base == elsewhere["STRIPE_API_BASE"]
    plain = {**elsewhere, "STRIPE_API_BASE": "http://stripe.staging.example"}
    assert "https" in refusal(monkeypatch, **plain, ASSENT_ENV="development")


def test_nothing_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://assent:verysecret@host/assent"
    settings = given(monkeypatch, **REAL, DATABASE_URL=url)
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    for secret in ("sk_test_0123456789", "whsec_new", "whsec_old", "n" * 32, "o" * 32, "verysecret"):
        assert secret not in shown


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example/thanks?session_id={CHECKOUT_SESSION_ID}#top",
        "https://SHOP.example:443/",
        "http://localhost:3000/back",
    ],
)
def test_a_customer_may_be_sent_to_a_listed_origin(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert given(monkeypatch, **REAL).allows_redirect(url)


OPEN_REDIRECTS = [
    "https://evil.example/",
    "https://shop.example.evil.example/",
    "https://shop.example@evil.example/",
    "https://user:pass@shop.example/",
    "https://shop.example\\@evil.example/",
    "https://evil.example\\.shop.example/",
    "https:\\\\shop.example/",
    "https:/shop.example/",
    "https:///shop.example/",
    "https:shop.example",
    "//shop.example/",
    "/relative",
    "",
    "https://",
    "https://shop.example:8443/",
    "https://shop.example:port/",
    "http://shop.example/",
    "https://shop.example\t.evil.example/",
    "https://shop.example\n.evil.example/",
    " https://shop.example/",
    "https://shop.example\u3002evil.example/",
    "https://[shop.example]/",
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://shop.example/",
    "http://localhost:3001/",
    "http://localhost:3000@evil.example/",
]


@pytest.mark.parametrize("url", OPEN_REDIRECTS)
def test_a_customer_is_sent_nowhere_else(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert not given(monkeypatch, **REAL).allows_redirect(url)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://anywhere.example/back", True),
        ("http://127.0.0.1:8000/return", True),
        ("http://[::1]:8000/return", True),
        ("http://localhost/return", True),
        ("http://anywhere.example/", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://2130706433/", False),
        ("https://user@anywhere.example/", False),
        ("https://anywhere.example\\back", False),
        ("javascript:alert(1)", False),
    ],
)
def test_with_the_sandbox_and_no_list_any_https_origin_and_this_machine_will_do(
    monkeypatch: pytest.MonkeyPatch, url: str, allowed: bool
) -> None:
    assert given(monkeypatch, **SANDBOX).allows_redirect(url) is allowed


def test_a_list_counts_with_the_sandbox_too(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, **SANDBOX, ALLOWED_REDIRECT_ORIGINS="https://shop.example")
    assert settings.allows_redirect("https://shop.example/")
    assert not settings.allows_redirect("https://anywhere.example/")


def test_the_example_file_names_every_setting_with_its_default() -> None:
    example = (Path(__file__).parent.parent.parent / ".env.example").read_text()
    named = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert set(named) == {name.upper() for name in Settings.model_fields}
    for name in ("port", "sandbox_port", "host", "statement_timeout", "applier", "automatic_tax", "assent_env"):
        assert named[name.upper()] == str(Settings.model_fields[name].default).lower()
