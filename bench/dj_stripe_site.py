"""The smallest site of Django's that serves dj-stripe, for an environment of its own: nothing of Assent is imported.

As a program it makes the tables, and what dj-stripe has to know before it takes a delivery.
"""

import os

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

KEY = "sk_test_" + "0" * 24

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY=KEY,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": os.environ["BENCH_SOCKET"],
            "NAME": os.environ["BENCH_DATABASE"],
            "USER": "assent",
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "djstripe"],
    LOGGING_CONFIG=None,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    # Tables are made as they are now, not by years of migrations.
    MIGRATION_MODULES={"auth": None, "contenttypes": None, "djstripe": None},
    ROOT_URLCONF=__name__,
    STRIPE_TEST_SECRET_KEY=KEY,
    STRIPE_LIVE_MODE=False,
    DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
    USE_TZ=True,
)
application = get_wsgi_application()
urlpatterns = [path("stripe/", include("djstripe.urls", namespace="djstripe"))]


def prepare() -> None:
    """Tables, an account, its key, and the endpoint, whose id is printed."""
    from djstripe.models import Account, APIKey, WebhookEndpoint  # noqa: PLC0415 - only now is Django set up

    call_command("migrate", run_syncdb=True, verbosity=0)
    account = Account.objects.create(id="acct_bench", livemode=False)
    APIKey.objects.create(id="key_bench", secret=KEY, type="secret", livemode=False, djstripe_owner_account=account)
    endpoint = WebhookEndpoint.objects.create(
        id="we_bench",
        secret=os.environ["BENCH_SECRET"],
        url="http://127.0.0.1/",
        livemode=False,
        enabled_events=["*"],
        status="enabled",
        djstripe_owner_account=account,
    )
    print(endpoint.djstripe_uuid)


if __name__ == "__main__":
    django.setup()
    prepare()
