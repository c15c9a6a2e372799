"""Settings, read from the environment (and `.env`); the README's table lists every variable."""

from datetime import timedelta
from pathlib import Path

import environ
from corsheaders.defaults import default_headers
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.development_key import load_development_key
from config.logging import build_logging

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = BASE_DIR / "var"

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=True)

# Security

SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured("SECRET_KEY must be set when DEBUG is off.")
    SECRET_KEY = "for-development-only-never-used-when-debug-is-off"  # noqa: S105 -- refused above in production

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

HTTPS_ONLY = env.bool("HTTPS_ONLY", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY
SECURE_HSTS_PRELOAD = HTTPS_ONLY
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
# Pages load what this service serves, and nothing else; `config.urls` allows the pages of the API a little more.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# Applications

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "social_django",
    "corsheaders",
    "oauth2_provider",
    "axes",
    "csp",
    "limits",
    "catalog",
    "learners",
    "access",
    "grades",
    "program_enrollments",
    "imports",
    "registrar",
    "waffle",
    "django_tasks",
    "django_tasks_db",
    "demo",
]

CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = [*default_headers, "use-jwt-cookie", "idempotency-key", "x-request-id"]
CORS_EXPOSE_HEADERS = ["Idempotency-Replayed", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"]

MIDDLEWARE = [
    "config.middleware.trace_requests",
    "config.health.health_probes",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.PagePolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "config.middleware.utf8_requests",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
    "config.middleware.AnswerOutages",
]

METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
if METRICS_TOKEN:
    # Around all but the probes, which would drown the rest.
    MIDDLEWARE.insert(
        MIDDLEWARE.index("config.health.health_probes") + 1, "django_prometheus.middleware.PrometheusBeforeMiddleware"
    )
    MIDDLEWARE.append("django_prometheus.middleware.PrometheusAfterMiddleware")
WORKER_LATE_SECONDS = env.int("WORKER_LATE_SECONDS", default=900)

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database

if env.str("DATABASE_URL", default=""):
    DATABASES = {"default": env.db_url("DATABASE_URL", engine="config.postgresql")}
elif DEBUG:
    # Imported only here: production images do not carry the embedded database.
    from config.embedded import start_embedded_database

    DATABASES = {"default": start_embedded_database(DATA_DIR)}
else:
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL server when DEBUG is off.")
DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONNECTION_SECONDS", default=600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# A server that has vanished from the network is noticed within seconds, instead of after minutes.
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
} | DATABASES["default"].get("OPTIONS", {})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True

# Accounts

AUTH_USER_MODEL = "learners.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it refuses those who are locked out
    "django.contrib.auth.backends.ModelBackend",
    *env.list("SINGLE_SIGN_ON_BACKENDS", default=[]),
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "access.hashers.ClientSecretHasher",
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "access.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "program_enrollments.rest_api.negotiation.ContentNegotiation",
    "DEFAULT_RENDERER_CLASSES": ["program_enrollments.rest_api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["program_enrollments.rest_api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "program_enrollments.rest_api.errors.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Program enrollments",
    "DESCRIPTION": "Enroll learners in degree programs and their course runs, and read grades back.\n\n"
    "Partner systems ask `/oauth2/access_token` for an access token, people with a password `/api/token/`; send it as"
    " `Authorization: JWT <token>`. A token is good for the scopes that it holds. Every path works with and"
    " without its trailing slash.\n\n"
    "Errors below `/api/program_enrollments/v1/` and `/api/token/` have one shape: `developer_message` and"
    " `error_code`. Those of `/oauth2/access_token` have that of OAuth (RFC 6749, section 5.2): `error`, and perhaps"
    " `error_description`. The Registrar API, below `/api/v1/`, `/api/v2/` and `/api/v3/`, keeps the three that its"
    " clients know: `detail`, a list of sentences, and one bare sentence.",
    "VERSION": "1.0.0",
    "LICENSE": {"name": "Apache-2.0"},
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,
    "ENUM_NAME_OVERRIDES": {
        "ProgramEnrollmentStatus": "program_enrollments.constants.ProgramEnrollmentStatus",
        "ProgramCourseEnrollmentStatus": "program_enrollments.constants.ProgramCourseEnrollmentStatus",
        "CourseRunStatus": "program_enrollments.constants.CourseRunStatus",
    },
    "PREPROCESSING_HOOKS": ["program_enrollments.rest_api.schema.leave_one_spelling"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "access.openapi.describe_application_tokens",
        "program_enrollments.rest_api.schema.describe_limits",
    ],
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},  # by itself, it asks a foreign host
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Tokens

JWT_SIGNING_KEY = env.str("JWT_SIGNING_KEY", multiline=True, default="")
if not JWT_SIGNING_KEY and env.str("JWT_SIGNING_KEY_FILE", default=""):
    JWT_SIGNING_KEY = Path(env.str("JWT_SIGNING_KEY_FILE")).read_text(encoding="ascii")
if not JWT_SIGNING_KEY:
    if not DEBUG:
        raise ImproperlyConfigured("JWT_SIGNING_KEY or JWT_SIGNING_KEY_FILE must be set when DEBUG is off.")
    JWT_SIGNING_KEY = load_development_key(DATA_DIR)
JWT_ADDITIONAL_PUBLIC_KEYS = env.str("JWT_ADDITIONAL_PUBLIC_KEYS", multiline=True, default="")
JWT_ISSUER = env.str("JWT_ISSUER", default="program-enrollments")
JWT_AUDIENCE = env.str("JWT_AUDIENCE", default="program-enrollments")
TRUSTED_JWT_ISSUERS = env.json("TRUSTED_JWT_ISSUERS", default=[])

ACCESS_TOKEN_LIFETIME = timedelta(minutes=env.int("ACCESS_TOKEN_MINUTES", default=60))
SIMPLE_JWT = {
    "AUTH_HEADER_TYPES": ("JWT", "Bearer"),
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "USER_ID_CLAIM": "sub",
    "CHECK_REVOKE_TOKEN": True,  # tokens carry a fingerprint of the password; `access.credentials` compares it
}

OAUTH2_PROVIDER_APPLICATION_MODEL = "access.Application"
OAUTH2_PROVIDER = {
    "APPLICATION_ADMIN_CLASS": "access.application_admin.ApplicationAdmin",
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.BackendApplicationServer",  # client credentials, no other grant
    "OAUTH2_BACKEND_CLASS": "access.oauth.FormReader",
    "OAUTH2_VALIDATOR_CLASS": "access.oauth.PartnerValidator",
    "SCOPES_BACKEND_CLASS": "access.oauth.ApplicationScopes",
    "ACCESS_TOKEN_EXPIRE_SECONDS": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
    "CLIENT_SECRET_GENERATOR_LENGTH": 48,
    "CLIENT_SECRET_HASHER": "pbkdf2_sha256_client_secret",
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    # What follows concerns grants that are not offered; without it, the deployment checks would warn of them.
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
}

# Limits

CACHE_URL = env.str("CACHE_URL", default="")
# What else is cached is in the database, which the service needs in any case: Redis may be lost at any time.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "shared_cache"}}
if CACHE_URL:
    CACHES["requests"] = env.cache_url("CACHE_URL")
REQUEST_COUNTER = "limits.counting.CacheCounter" if CACHE_URL else "limits.counting.DatabaseCounter"
REQUEST_RATES = {
    "read": env.str("RATE_READS", default="6000/minute"),
    "write": env.str("RATE_WRITES", default="3000/minute"),
    "token": env.str("RATE_TOKENS", default="300/minute"),
}
NUM_PROXIES = env.int("NUM_PROXIES", default=0)
MAX_RECORDS_PER_WRITE = 25
IDEMPOTENCY_KEY_HOURS = env.int("IDEMPOTENCY_KEY_HOURS", default=24)

# Guessed passwords and client secrets. Its own log of sign-ins would keep names and addresses for ever.
AXES_FAILURE_LIMIT = env.int("SIGN_IN_FAILURES", default=10)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("SIGN_IN_LOCK_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "client_id", "client_secret", "refresh", "token"]
AXES_USERNAME_CALLABLE = "limits.lockout.get_account_name"
AXES_CLIENT_IP_CALLABLE = "limits.addresses.get_client_address"
AXES_LOCKOUT_CALLABLE = "limits.lockout.answer_locked_out"

# Domain

CATALOG_BACKEND = env.str("CATALOG_BACKEND", default="catalog.backends.database.DatabaseCatalog")
DISCOVERY_CLIENT_ID = env.str("DISCOVERY_CLIENT_ID", default="")
DISCOVERY_CLIENT_SECRET = env.str("DISCOVERY_CLIENT_SECRET", default="")
GRADES_BACKEND = env.str("GRADES_BACKEND", default="grades.backends.database.DatabaseGrades")
LMS_BASE_URL = env.str("LMS_BASE_URL", default="")
LMS_CLIENT_ID = env.str("LMS_CLIENT_ID", default="")
LMS_CLIENT_SECRET = env.str("LMS_CLIENT_SECRET", default="")
LMS_TIMEOUT_SECONDS = env.float("LMS_TIMEOUT_SECONDS", default=5.0)
LMS_PAGE_TIMEOUT_SECONDS = env.float("LMS_PAGE_TIMEOUT_SECONDS", default=20.0)
LMS_CONCURRENCY = env.int("LMS_CONCURRENCY", default=8)
PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM = env.bool("PROGRAM_ENROLLMENTS_REQUIRE_KNOWN_CURRICULUM", default=False)
ENABLE_ENROLLMENT_RESET = env.bool("ENABLE_ENROLLMENT_RESET", default=False)
COURSE_HOME_URL_TEMPLATE = env.str("COURSE_HOME_URL_TEMPLATE", default="/courses/{course_id}/home")

# E-mail

vars().update(env.email_url("EMAIL_URL", default="consolemail://" if DEBUG else "smtp://localhost:25"))
EMAIL_TIMEOUT = 30  # seconds; a nudge keeps its row locked while the mail server answers
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="webmaster@localhost")

LOGGING = build_logging(env, debug=DEBUG)

# Imports

IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=50_000_000)
IMPORT_MAX_ROWS = env.int("IMPORT_MAX_ROWS", default=1_000_000)
IMPORT_KEPT_DAYS = env.int("IMPORT_KEPT_DAYS", default=30)
DAILY_TASKS = [
    "imports.tasks.prune_old_imports",
    "imports.tasks.prune_tasks",
    "program_enrollments.tasks.prune_idempotency_keys",
    "access.tasks.prune_tokens_and_sessions",
    "limits.tasks.prune_request_counts",
    "registrar.tasks.prune_old_jobs",
]
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}
MEDIA_ROOT = env.path("FILES_FOLDER", default=DATA_DIR / "files")

# Registrar's API

ENABLE_REGISTRAR_API = env.bool("ENABLE_REGISTRAR_API", default=True)
REGISTRAR_ENROLLMENT_PROGRAM_TYPES = env.list("REGISTRAR_ENROLLMENT_PROGRAM_TYPES", default=["Masters"])
REGISTRAR_LINK_MINUTES = env.int("REGISTRAR_LINK_MINUTES", default=60)
REGISTRAR_RESULT_DAYS = env.int("REGISTRAR_RESULT_DAYS", default=7)
REGISTRAR_REPORTS_FOLDER = env.str("REGISTRAR_REPORTS_FOLDER", default="reports_v2")

# Language, time, static files

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
